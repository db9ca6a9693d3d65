// Keeps the list of calls that are going on up to date. Everything that arrives is put into cells as text.

const body = document.querySelector('#live tbody');
const at = document.getElementById('at');
const none = document.getElementById('none');
const problem = document.getElementById('problem');
const columns = [...document.querySelectorAll('#live thead th')];
const CELLS = ['state', 'channel', 'language', 'turns', 'last_turn', 'last_answer', 'faults'];

const events = new EventSource('/live/events');
events.onmessage = (event) => {
  const told = JSON.parse(event.data);
  at.textContent = told.at;
  say(told.problem);
  if (told.problem) return; // what was known stays, under the word that it is old
  none.hidden = told.rows.length > 0;
  body.replaceChildren(...told.rows.map(row));
};
events.onerror = () => say(problem.dataset.lost);

function say(text) {
  problem.hidden = !text;
  problem.textContent = text ?? '';
}

function row(call) {
  const line = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  const link = document.createElement('a');
  link.href = call.href;
  link.textContent = call.started;
  head.append(link);
  line.append(head, ...CELLS.map((name, index) => cell(call[name], columns[index + 1])));
  return line;
}

function cell(text, column) {
  const made = document.createElement('td');
  made.dataset.label = column.textContent;
  made.className = column.className;
  made.textContent = text;
  return made;
}
