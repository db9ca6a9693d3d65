// Writes the conversation down: who said what, in which language, and how long the answer took.
//
// An exchange is what the caller said and what came back. Lines arrive live; the worker's report (`vaani.turn`) comes
// when the turn is over and settles language and stages.

import { guessLanguage, languageName, webLanguage } from './languages.js';
import { drawFigures } from './waterfall.js';

const HIDDEN_BEYOND = 200; // exchanges kept; a call of hours must not fill the browser

export class Transcript {
  #list;
  #exchanges = [];
  #lines = new Map(); // segment -> line

  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#list.replaceChildren();
    this.#exchanges = [];
    this.#lines.clear();
  }

  line({ speaker, segment, text, final }) {
    if (!text.trim()) return;
    const followsEnd = this.#isNearEnd();
    const line = this.#lines.get(segment) ?? this.#newLine(speaker, segment);
    line.text = text;
    line.paragraph.textContent = text;
    line.element.classList.toggle('unfinished', !final);
    if (!line.settled) showLanguage(line, guessLanguage(text), 'guess');
    if (followsEnd) this.#showEnd();
  }

  /** The latency just heard; it belongs to the exchange that is open. */
  answer({ seconds, cutOff }) {
    const exchange = this.#exchanges.at(-1);
    if (!exchange?.caller.length || (exchange.figures.voiceToVoiceSeconds != null && !exchange.figures.cutOff)) return false;
    Object.assign(exchange.figures, { voiceToVoiceSeconds: seconds, cutOff });
    this.#draw(exchange);
    return true;
  }

  /** The worker's report of a finished turn. */
  turn(report) {
    const exchange = this.#exchangeOf(report);
    if (!exchange) return;
    exchange.reported = true;
    for (const line of exchange.caller) settleLanguage(line, report.heard_language);
    for (const line of exchange.agent) settleLanguage(line, report.reply_language);
    exchange.figures.stages = report.stages ?? {};
    exchange.figures.interrupted = report.interrupted === true;
    this.#draw(exchange);
  }

  /** Something the worker or the page wants read, in its place in the conversation. */
  notice(text) {
    const item = document.createElement('li');
    item.className = 'notice';
    item.textContent = text;
    this.#list.append(item);
    this.#showEnd();
  }

  #exchangeOf({ heard, reply }) {
    const open = this.#exchanges.filter((exchange) => !exchange.reported);
    const said = (lines) => letters(lines.map((line) => line.text).join(' '));
    return (
      open.findLast((exchange) => heard && said(exchange.caller) === letters(heard)) ??
      open.findLast((exchange) => reply && said(exchange.agent) === letters(reply)) ??
      open.findLast((exchange) => (heard ? exchange.caller.length : !exchange.caller.length))
    );
  }

  #newLine(speaker, segment) {
    const exchange = this.#openExchange(speaker);
    const element = document.createElement('div');
    element.className = `line ${speaker}`;
    const head = document.createElement('p');
    head.className = 'who';
    head.textContent = speaker === 'caller' ? 'You' : 'Vaani';
    const chip = document.createElement('span');
    chip.className = 'language';
    head.append(' ', chip);
    const paragraph = document.createElement('p');
    paragraph.className = 'said';
    element.append(head, paragraph);
    exchange.footer.before(element);
    const line = { element, paragraph, chip, text: '', settled: false };
    exchange[speaker].push(line);
    this.#lines.set(segment, line);
    return line;
  }

  #openExchange(speaker) {
    const last = this.#exchanges.at(-1);
    const sameTurn = last && (speaker === 'agent' || !last.agent.length) && !(last.reported && speaker === 'caller');
    if (sameTurn) return last;
    const element = document.createElement('li');
    element.className = 'exchange';
    const footer = document.createElement('div');
    footer.className = 'turn-figures';
    element.append(footer);
    this.#list.append(element);
    const exchange = { element, footer, caller: [], agent: [], figures: {}, reported: false };
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > HIDDEN_BEYOND) this.#exchanges.shift().element.remove();
    return exchange;
  }

  #draw(exchange) {
    const followsEnd = this.#isNearEnd();
    drawFigures(exchange.footer, exchange.figures);
    if (followsEnd) this.#showEnd();
  }

  /** Whoever scrolled up to read is left in peace. On a phone the whole page scrolls, on a desk only the list. */
  #isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    if (scrollHeight > clientHeight + 1) return scrollHeight - scrollTop - clientHeight < 120;
    return this.#list.getBoundingClientRect().bottom < innerHeight + 120;
  }

  #showEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#list.lastElementChild.scrollIntoView({ block: 'nearest' });
  }
}

const letters = (text) => text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ').trim();

function settleLanguage(line, code) {
  if (!code) return;
  line.settled = true;
  showLanguage(line, code, 'told');
}

function showLanguage(line, code, how) {
  if (!code) return;
  line.paragraph.lang = webLanguage(code);
  line.chip.textContent = languageName(code);
  line.chip.dataset.how = how;
  line.chip.dataset.code = code;
  line.chip.title = how === 'guess' ? 'A guess from the script, until the worker has told' : `The worker says ${code}`;
}
