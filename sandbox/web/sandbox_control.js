// Tells the stand-in providers of the sandbox what they will hear, and which fault to play.

// What a caller would ask about, in the order of the menu. Providers and faults as the control endpoint names them.
export const FAULTS = {
  llm_hang: { label: 'the LLM hangs', provider: 'llm', fault: 'hang' },
  llm_slow: { label: 'the LLM is three times slower', provider: 'llm', fault: 'slow' },
  llm_rate_limited: { label: 'the LLM refuses: too many requests', provider: 'llm', fault: 'rate_limited' },
  llm_server_error: { label: 'the LLM fails (500)', provider: 'llm', fault: 'server_error' },
  llm_drop: { label: 'the LLM breaks off in mid-reply', provider: 'llm', fault: 'drop' },
  stt_close_1011: { label: 'speech recognition closes its connection', provider: 'stt', fault: 'close_1011' },
  stt_late_final: { label: 'speech recognition answers late', provider: 'stt', fault: 'late_final' },
  stt_no_final: { label: 'speech recognition never answers', provider: 'stt', fault: 'no_final' },
  tts_hang: { label: 'the voice hangs', provider: 'tts', fault: 'hang' },
  tts_stall: { label: 'the voice stalls in mid-sentence', provider: 'tts', fault: 'stall' },
  tts_drop: { label: 'the voice breaks off', provider: 'tts', fault: 'drop' },
  tts_unauthorized: { label: "the voice's key is refused", provider: 'tts', fault: 'unauthorized' },
  orders_server_error: { label: 'the order system fails', provider: 'orders', fault: 'server_error' },
};

export class SandboxControl {
  #address;

  constructor({ control, scope }) {
    this.#address = `${control.replace(/\/$/, '')}/scopes/${encodeURIComponent(scope)}`;
  }

  /** What the stand-in recogniser hears next. Words are spread over the duration, so that pauses split them right;
   *  what an earlier sentence left over is forgotten. */
  hearNext({ text, language, durationSeconds }) {
    const entry = { text, language, probability: 0.95, duration_seconds: durationSeconds, words: null };
    return this.#send('POST', '/transcripts', { transcripts: [entry], replace: true });
  }

  /** @param {number|null} times how often the fault happens; null: until cleared */
  setFault(name, times) {
    const { provider, fault } = FAULTS[name];
    return this.#send('PATCH', '', { faults: [{ provider, fault, times, for_seconds: null, after_seconds: 0 }] });
  }

  clearFaults() {
    return this.#send('PATCH', '', { faults: [] });
  }

  async #send(method, path, body) {
    const answer = await fetch(this.#address + path, {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`The sandbox refused (${answer.status}): ${(await answer.text()).slice(0, 300)}`);
    return answer.json();
  }
}
