// Adds up one call: how long answers take, how many there were, what they cost.

const byId = (id) => document.getElementById(id);

const rupees = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR', minimumFractionDigits: 2, maximumFractionDigits: 2 });
const number = new Intl.NumberFormat('en-IN', { maximumFractionDigits: 1 });

export class CallFigures {
  #answers = [];

  constructor(priceNote) {
    byId('price-note').textContent = priceNote;
    this.clear();
  }

  clear() {
    this.#answers = [];
    this.turns = 0;
    byId('last-answer').textContent = byId('median-answer').textContent = byId('cost').textContent = '–';
    byId('turn-count').textContent = '0';
    byId('usage').hidden = true;
  }

  answer(seconds) {
    this.#answers.push(seconds);
    byId('last-answer').textContent = `${seconds.toFixed(2)} s`;
    byId('median-answer').textContent = `${median(this.#answers).toFixed(2)} s`;
  }

  turn({ turn, usage = {}, cost_rupees: cost }) {
    this.turns = turn;
    byId('turn-count').textContent = String(turn);
    byId('cost').textContent = Number.isFinite(cost) ? costText(cost) : tokensText(usage);
    const rows = Object.entries(usage).filter(([, amount]) => Number.isFinite(amount));
    byId('usage').hidden = rows.length === 0;
    byId('usage-list').replaceChildren(...rows.flatMap(([name, amount]) => usageRow(name, amount)));
  }
}

/** A call costs paise at first: two digits would say 0.00. */
const costText = (cost) => (cost > 0 && cost < 0.1 ? `₹${cost.toFixed(4)}` : rupees.format(cost));

/** Without a known price the page says what was used, and no amount. */
function tokensText(usage) {
  const tokens = Object.entries(usage).filter(([name, amount]) => /tokens$/.test(name) && Number.isFinite(amount));
  return tokens.length ? `${number.format(tokens.reduce((sum, [, amount]) => sum + amount, 0))} tokens` : '–';
}

function usageRow(name, amount) {
  const term = document.createElement('dt');
  term.textContent = name.replaceAll('_', ' ').replace(/\b(llm|stt|tts)\b/g, (word) => word.toUpperCase());
  const value = document.createElement('dd');
  value.textContent = number.format(amount);
  return [term, value];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
