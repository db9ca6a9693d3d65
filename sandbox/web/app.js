// Joins the parts of the page: the call, the sound, and what is drawn. Start reading here.

import { Call } from './call.js';
import { CallFigures } from './call_figures.js';
import { languages, webLanguage } from './languages.js';
import { findPlace } from './place.js';
import { Problem, microphoneLost } from './problems.js';
import { FAULTS, SandboxControl } from './sandbox_control.js';
import { SampleSentences } from './sample_sentences.js';
import { Sound } from './sound.js';
import { Timeline } from './timeline.js';
import { Transcript } from './transcript.js';
import { AUDIBLE_RMS, TurnClock } from './turn_clock.js';

const byId = (id) => document.getElementById(id);
const LEVEL_SHOWN_EVERY_FRAMES = 4;
const LEVEL_SPOKEN_EVERY_FRAMES = 60; // a screen reader is told less often

const CONNECTION = {
  idle: 'Not connected',
  asking_token: 'Asking for a token…',
  connecting: 'Joining…',
  waiting_for_agent: 'Connected, waiting for the agent',
  live: 'Connected',
  reconnecting: 'Connection lost, coming back…',
  ended: 'Call ended',
};
const KEPT = { words: 'what is said, as text', recording: 'the sound', improvement: 'both, to improve the service' };
const AGENT = { initializing: 'Getting ready', listening: 'Listening', thinking: 'Thinking', speaking: 'Speaking' };

const place = await findPlace();
const control = place.sandbox && new SandboxControl(place.sandbox);
const call = new Call();
const sound = new Sound();
const transcript = new Transcript(byId('transcript'));
const timeline = new Timeline(byId('timeline'));
const figures = new CallFigures(place.priceNote);
const samples = new SampleSentences({ sound, control });
const clock = new TurnClock({
  onAnswer(answer) {
    timeline.answer(answer);
    if (answer.seconds !== null && transcript.answer(answer) && !answer.cutOff) figures.answer(answer.seconds);
  },
});

// --- joining and leaving ---

let lastJoin = null;

async function join({ withMicrophone }) {
  lastJoin = { withMicrophone };
  showProblem(null);
  byId('join').disabled = byId('join-silent').disabled = true;
  try {
    const endpoint = place.trust.checkEndpoint(byId('endpoint').value.trim());
    await sound.start();
    if (withMicrophone) await sound.openMicrophone();
    await call.join({
      endpoint,
      bearer: byId('bearer').value.trim(),
      attributes: chosenAttributes(),
      track: () => sound.trackToPublish(),
      checkServer: (serverUrl, named) => place.trust.checkServer(serverUrl, named),
    });
  } catch (error) {
    showProblem(error instanceof Problem ? error : new Problem('unexpected', 'The page failed', String(error)));
    if (!(error instanceof Problem)) throw error;
  } finally {
    byId('join').disabled = byId('join-silent').disabled = false;
    showControls();
  }
}

/** The person wants the address that they were asked about: the one in a link is filled in, the one of a call is called. */
function confirm({ address }) {
  place.trust.confirm(address);
  showProblem(null);
  if (lastJoin) return join(lastJoin);
  byId('endpoint').value = place.linked.endpoint;
  byId('bearer').value = place.linked.bearer;
  byId('join').focus();
}

function chosenAttributes() {
  const chosen = { language: byId('language').value, voice: byId('voice').value.trim() };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value));
}

async function end() {
  showProblem(null);
  await call.end();
}

function toggleMute() {
  sound.muted = !sound.muted;
  showControls();
}

async function withdraw() {
  byId('withdraw').disabled = true;
  try {
    await call.withdraw(); // the agent confirms it, aloud and in what is shown here
  } catch (error) {
    showProblem(new Problem('not_withdrawn', 'It could not be taken back by the button', `Say “don't record this” instead. (${error.message})`, null));
  } finally {
    byId('withdraw').disabled = false;
  }
}

async function say(language, sentence) {
  samples.lastLanguage = language;
  try {
    await samples.say(language, sentence);
  } catch (error) {
    showProblem(new Problem('sample_failed', 'The sentence could not be spoken', error.message, null));
  }
}

// --- what the call tells ---

call.addEventListener('state', ({ detail: { state } }) => {
  byId('connection').textContent = CONNECTION[state];
  byId('connection').dataset.state = state;
  if (state === 'ended' || state === 'idle') sound.stop();
  showControls();
});

call.addEventListener('agent', ({ detail: { state } }) => {
  byId('agent-state').dataset.state = state ?? 'none';
  drawAgentState();
});

call.addEventListener('fresh', ({ detail: { again } }) => {
  clock.reset();
  if (again) return; // what was said stays readable
  showKept(null);
  byId('consent-notice').textContent = '';
  transcript.clear();
  figures.clear();
});

call.addEventListener('successor', () => {
  transcript.notice('Another agent took over here and carries the call on.');
  figures.carryOn();
});

call.addEventListener('line', ({ detail }) => {
  byId('empty').hidden = true;
  transcript.line(detail);
});

call.addEventListener('turn', ({ detail }) => {
  transcript.turn(detail);
  figures.turn(detail);
});

call.addEventListener('notice', ({ detail }) => {
  transcript.notice(detail.message);
  if (detail.code === 'consent') byId('consent-notice').textContent = detail.message;
});
call.addEventListener('kept', ({ detail }) => showKept(detail.purposes));
call.addEventListener('track', ({ detail }) => sound.hearAgent(detail.track));
call.addEventListener('problem', ({ detail }) => showProblem(detail.problem));

sound.addEventListener('microphone-lost', () => call.state === 'live' && showProblem(microphoneLost()));
sound.addEventListener('frame', ({ detail: frame }) => {
  if (call.state === 'idle' || call.state === 'ended') return;
  clock.frame(frame);
  timeline.frame(frame);
  levels.caller.hear(frame.callerRms);
  levels.agent.hear(frame.agentRms);
});

// --- what is drawn ---

class Level {
  #element;
  #bar;
  #shown = 0;
  #frames = 0;

  constructor(element) {
    this.#element = element;
    this.#bar = element.firstElementChild;
  }

  /** Rises at once and falls slowly, as eyes expect of a meter. Decibels: -50 is empty, -6 is full. */
  hear(rms) {
    const share = rms > AUDIBLE_RMS / 4 ? Math.min(Math.max((20 * Math.log10(rms) + 50) / 44, 0), 1) : 0;
    this.#shown = Math.max(share, this.#shown * 0.94);
    this.#frames += 1;
    if (this.#frames % LEVEL_SHOWN_EVERY_FRAMES) return;
    this.#bar.style.transform = `scaleX(${this.#shown.toFixed(3)})`;
    if (this.#frames % LEVEL_SPOKEN_EVERY_FRAMES) return;
    this.#element.setAttribute('aria-valuenow', Math.round(this.#shown * 100));
  }
}
const levels = { caller: new Level(byId('caller-level')), agent: new Level(byId('agent-level')) };

function drawAgentState() {
  const heading = byId('agent-state');
  heading.textContent = AGENT[heading.dataset.state] ?? stateWithoutAgent();
}

function stateWithoutAgent() {
  if (call.state === 'ended') return 'The call has ended';
  if (call.state === 'reconnecting') return 'Coming back…';
  return call.state === 'idle' ? 'Ready when you are' : 'Calling…';
}

function showControls() {
  const inCall = !['idle', 'ended'].includes(call.state);
  const live = call.state === 'live';
  byId('join').hidden = byId('join-silent').hidden = inCall;
  if (inCall) showStage();
  for (const id of ['mute', 'interrupt', 'end']) byId(id).hidden = !inCall;
  byId('interrupt').hidden ||= !place.samples;
  byId('interrupt').disabled = !live;
  byId('mute').textContent = sound.muted ? 'Unmute' : 'Mute';
  byId('mute').setAttribute('aria-pressed', String(sound.muted));
  byId('mute').disabled = !sound.hasMicrophone;
  byId('mute').title = sound.hasMicrophone ? '' : 'This call has no microphone';
  for (const button of byId('samples').children) button.disabled = !live;
  byId('samples-hint').textContent = samplesHint(live);
  drawAgentState();
}

/** From the first call on, the meters take the welcome's place. */
function showStage() {
  byId('welcome').hidden = true;
  byId('timeline').hidden = byId('levels').hidden = false;
}

/** What the agent says is kept of this call; null where nothing is asked, and nothing is shown. */
function showKept(purposes) {
  byId('consent').hidden = purposes === null;
  byId('withdraw').hidden = !purposes?.length;
  const kept = purposes?.map((purpose) => KEPT[purpose] ?? purpose).join('; ');
  const text = kept ? `Kept of this call: ${kept}.` : 'Nothing of this call is kept.';
  if (byId('consent-kept').textContent !== text) byId('consent-kept').textContent = text; // told once to a screen reader
}

function samplesHint(live) {
  if (!place.samples) return 'The sentences are spoken by the sandbox, and this page was not served by it: use your microphone.';
  if (!live) return 'Once the agent is there, these buttons ask it a question for you, in eleven languages.';
  if (!control) return 'A computer voice asks your own deployment when the order arrives.';
  return 'A computer voice asks when the order arrives, into the same track as your microphone.';
}

function showProblem(problem) {
  const box = byId('problem');
  box.hidden = !problem;
  box.dataset.code = problem?.code ?? '';
  if (!problem) return box.replaceChildren();
  const title = Object.assign(document.createElement('strong'), { textContent: problem.title });
  const advice = Object.assign(document.createElement('p'), { textContent: problem.advice });
  const ways = document.createElement('div');
  ways.className = 'controls';
  if (problem.way === 'confirm') ways.append(button(`Use ${new URL(problem.address).host}`, () => confirm(problem)));
  else if (problem.way) ways.append(button('Try again', () => join({ withMicrophone: problem.way === 'without_microphone' || sound.hasMicrophone })));
  if (problem.way === 'without_microphone') ways.append(button('Join without a microphone', () => join({ withMicrophone: false })));
  ways.append(button('Dismiss', () => showProblem(null), 'quiet'));
  box.replaceChildren(title, advice, ways);
}

function button(label, action, className = '') {
  const made = Object.assign(document.createElement('button'), { type: 'button', textContent: label, className });
  made.addEventListener('click', action);
  return made;
}

function drawSamples() {
  for (const [code, { name, english_name, ask }] of Object.entries(languages)) {
    const made = button(name, () => say(code, 'ask'));
    made.lang = webLanguage(code);
    made.dataset.language = code;
    made.title = ask;
    made.setAttribute('aria-label', `${name}: ask in ${english_name}`);
    made.setAttribute('aria-description', ask);
    byId('samples').append(made);
    byId('language').append(new Option(`${english_name} · ${name}`, code));
  }
  byId('samples').hidden = !place.samples;
}

function drawFaults() {
  if (!control) {
    byId('fault-menu').hidden = true;
    byId('fault-status').textContent = 'Only the stand-ins of the sandbox can be broken at will; this call uses real providers.';
    return;
  }
  byId('fault').append(...Object.entries(FAULTS).map(([name, { label }]) => new Option(label, name)));
  const told = (promise, done) => promise.then(() => done, (error) => error.message).then((text) => (byId('fault-status').textContent = text));
  byId('fault-set').addEventListener('click', () => {
    const times = byId('fault-times');
    const chosen = `${FAULTS[byId('fault').value].label}, ${times.selectedOptions[0].textContent}`;
    told(control.setFault(byId('fault').value, times.value ? Number(times.value) : null), `Set: ${chosen}. Now say something.`);
  });
  byId('fault-clear').addEventListener('click', () => told(control.clearFaults(), 'Everything works again.'));
}

byId('endpoint').value = place.endpoint;
byId('bearer').value = place.bearer;
byId('place').open = !place.endpoint;
byId('join').addEventListener('click', () => join({ withMicrophone: true }));
byId('join-silent').addEventListener('click', () => join({ withMicrophone: false }));
byId('mute').addEventListener('click', toggleMute);
byId('interrupt').addEventListener('click', () => say(samples.lastLanguage, 'interrupt'));
byId('end').addEventListener('click', end);
byId('withdraw').addEventListener('click', withdraw);
byId('place-form').addEventListener('submit', (event) => event.preventDefault()); // Enter in a field must not reload the page
addEventListener('pagehide', () => call.end());
drawSamples();
drawFaults();
showControls();
showProblem(place.warning ?? place.linked?.problem ?? null);
document.documentElement.dataset.ready = 'true';
