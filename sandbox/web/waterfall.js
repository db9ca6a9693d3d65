// Draws where the time of one answer went.

const STAGES = [
  ['end_of_turn_seconds', 'end of turn', 'end-of-turn'],
  ['llm_first_token_seconds', 'LLM', 'llm'],
  ['tts_first_audio_seconds', 'voice', 'voice'],
];
const FULL_WIDTH_SECONDS = 3; // one scale for all turns, so that they compare by eye

const inSeconds = (seconds) => `${seconds.toFixed(2)} s`;

/** Fills `footer` from {voiceToVoiceSeconds, cutOff, stages, interrupted}; what is not known yet is left out. */
export function drawFigures(footer, figures) {
  const { voiceToVoiceSeconds, cutOff } = figures;
  const parts = stageParts(figures);
  const pieces = [];
  if (cutOff) pieces.push(element('p', 'cut-off', 'cut off: the reply began before you had finished'));
  else if (voiceToVoiceSeconds != null) pieces.push(latency(voiceToVoiceSeconds));
  if (parts.length) pieces.push(bar(parts), legend(parts));
  if (figures.interrupted) pieces.push(element('p', '', 'You interrupted this reply.'));
  footer.replaceChildren(...pieces);
}

function latency(seconds) {
  const line = element('p', 'latency', '');
  const value = element('strong', '', inSeconds(seconds));
  line.dataset.seconds = seconds.toFixed(3);
  line.append(value, ' from your last word to the first sound of the answer');
  return line;
}

/** The worker's stages, and what is left of the time that the page measured: network, buffers, playout. */
function stageParts({ stages = {}, voiceToVoiceSeconds, cutOff }) {
  const parts = STAGES.filter(([name]) => Number.isFinite(stages[name])).map(([name, label, kind]) => ({ label, kind, seconds: Math.max(stages[name], 0) }));
  if (!parts.length || voiceToVoiceSeconds == null || cutOff) return parts;
  const rest = voiceToVoiceSeconds - parts.reduce((sum, part) => sum + part.seconds, 0);
  if (rest > 0.005) parts.push({ label: 'network and the rest', kind: 'rest', seconds: rest });
  return parts;
}

function bar(parts) {
  const total = parts.reduce((sum, part) => sum + part.seconds, 0);
  const scale = 100 / Math.max(FULL_WIDTH_SECONDS, total);
  const row = element('div', 'waterfall', '');
  row.setAttribute('aria-hidden', 'true'); // the legend says the same in words
  for (const part of parts) {
    const piece = element('span', part.kind, '');
    piece.style.width = `${part.seconds * scale}%`;
    row.append(piece);
  }
  return row;
}

function legend(parts) {
  const list = element('ul', 'stages', '');
  list.setAttribute('aria-label', 'Where the time went');
  for (const part of parts) {
    const item = element('li', part.kind, `${part.label} ${inSeconds(part.seconds)}`);
    list.append(item);
  }
  return list;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
