// Adds up one call: how long answers take, how many there were, what they cost.

const byId = (id) => document.getElementById(id);

const rupees = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR', minimumFractionDigits: 2, maximumFractionDigits: 2 });
const number = new Intl.NumberFormat('en-IN', { maximumFractionDigits: 1 });

export class CallFigures {
  #answers = [];
  #earlier = { usage: {}, cost: 0 }; // of the agents before this one; cost: null once a price was unknown
  #current = { usage: {}, cost: 0 };

  constructor(priceNote) {
    byId('price-note').textContent = priceNote;
    this.clear();
  }

  clear() {
    this.#answers = [];
    this.#earlier = { usage: {}, cost: 0 };
    this.#current = { usage: {}, cost: 0 };
    this.turns = 0;
    byId('last-answer').textContent = byId('median-answer').textContent = byId('cost').textContent = '–';
    byId('turn-count').textContent = '0';
    byId('usage').hidden = true;
  }

  /** Another agent goes on with the call: it counts its own usage only, and the caller sees the whole call's. */
  carryOn() {
    this.#earlier = sum(this.#earlier, this.#current);
    this.#current = { usage: {}, cost: 0 };
  }

  answer(seconds) {
    this.#answers.push(seconds);
    byId('last-answer').textContent = `${seconds.toFixed(2)} s`;
    byId('median-answer').textContent = `${median(this.#answers).toFixed(2)} s`;
  }

  turn({ turn, usage: counted = {}, cost_rupees: price }) {
    this.turns = turn;
    byId('turn-count').textContent = String(turn);
    this.#current = { usage: counted, cost: Number.isFinite(price) ? price : null };
    const { usage, cost } = sum(this.#earlier, this.#current);
    byId('cost').textContent = Number.isFinite(cost) ? costText(cost) : tokensText(usage);
    const rows = Object.entries(usage).flatMap(([model, counters]) => usageRows(model, counters));
    byId('usage').hidden = rows.length === 0;
    byId('usage-list').replaceChildren(...rows);
  }
}

/** A call costs paise at first: two digits would say 0.00. */
const costText = (cost) => (cost > 0 && cost < 0.1 ? `₹${cost.toFixed(4)}` : rupees.format(cost));

/** Two agents' shares of one call; an unknown cost makes the whole unknown. */
function sum(one, other) {
  const usage = structuredClone(one.usage);
  for (const [model, counters] of Object.entries(other.usage)) {
    usage[model] ??= {};
    for (const [name, amount] of Object.entries(counters)) usage[model][name] = (usage[model][name] ?? 0) + amount;
  }
  return { usage, cost: one.cost === null || other.cost === null ? null : one.cost + other.cost };
}

/** Without a known price the page says what was used, and no amount. */
function tokensText(usage) {
  const tokens = Object.values(usage).reduce((sum, each) => sum + (each.input_tokens ?? 0) + (each.output_tokens ?? 0), 0);
  return tokens ? `${number.format(tokens)} tokens` : '–';
}

const UNITS = {
  input_tokens: 'tokens read',
  input_cached_tokens: 'of them cached',
  input_cache_creation_tokens: 'of them into the cache',
  output_tokens: 'tokens written',
  characters_count: 'characters spoken',
  audio_duration: 'seconds of audio',
  seconds: 'seconds on the line',
};

/** `usage` has one object of counters for each `kind:model`, such as `llm_usage:gpt-6-luna`. */
function usageRows(key, counters) {
  const model = key.slice(key.indexOf(':') + 1);
  return Object.entries(counters)
    .filter(([name, amount]) => name in UNITS && amount > 0)
    .flatMap(([name, amount]) => [element('dt', `${model}: ${UNITS[name]}`), element('dd', number.format(amount))]);
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
