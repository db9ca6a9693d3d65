// Measures voice-to-voice latency from loudness alone: from the caller's last voiced 10 ms to the first audible agent audio.
//
// Never from events: an agent that says it is speaking may not be heard yet. No browser API here, so that Node can test it.

export const AUDIBLE_RMS = 200 / 32768; // as in out/call.json: mean RMS above 200 on 16-bit samples
const NOISE_FACTOR = 3; // a real room is louder than 200: the caller must stand out from it
const NOISE_RISE_PER_FRAME = 1.003; // a new noise is known for one after about two seconds
const SPEECH_FRAMES_OF_TEN = 6; // fewer is a click, a key or a cough
const CALLER_DONE_SECONDS = 0.3;
const AGENT_QUIET_SECONDS = 0.25; // shorter gaps are pauses between words of one reply

export class TurnClock {
  /** @param {{onAnswer: (answer: {seconds: number|null, cutOff: boolean, atSeconds: number}) => void}} told
   *  `seconds` is null for audio that answers nobody: the greeting, or a reminder after silence. */
  constructor({ onAnswer }) {
    this.onAnswer = onAnswer;
    this.reset();
  }

  reset() {
    this.noiseRms = AUDIBLE_RMS / NOISE_FACTOR;
    this.recent = [];
    this.callerSpeaking = false;
    this.callerLastVoicedAt = null; // null: nobody waits for an answer
    this.agentLastAudibleAt = -Infinity;
  }

  /** One 10 ms frame of both sides. */
  frame({ atSeconds, callerRms, agentRms }) {
    this.#caller(atSeconds, callerRms);
    this.#agent(atSeconds, agentRms);
  }

  #caller(atSeconds, rms) {
    this.noiseRms = Math.max(Math.min(rms, this.noiseRms * NOISE_RISE_PER_FRAME), 1 / 32768);
    const voiced = rms > Math.max(AUDIBLE_RMS, NOISE_FACTOR * this.noiseRms);
    this.recent = [...this.recent.slice(-9), voiced];
    if (!this.callerSpeaking && this.recent.filter(Boolean).length >= SPEECH_FRAMES_OF_TEN) {
      this.callerSpeaking = true;
    }
    if (!this.callerSpeaking) return;
    if (voiced) this.callerLastVoicedAt = atSeconds;
    else if (atSeconds - this.callerLastVoicedAt > CALLER_DONE_SECONDS) this.callerSpeaking = false;
  }

  #agent(atSeconds, rms) {
    if (rms <= AUDIBLE_RMS) return;
    const begins = atSeconds - this.agentLastAudibleAt > AGENT_QUIET_SECONDS;
    this.agentLastAudibleAt = atSeconds;
    if (!begins) return;
    const asked = this.callerLastVoicedAt;
    this.onAnswer({
      seconds: asked === null ? null : atSeconds - asked,
      cutOff: asked !== null && atSeconds - asked < 0.05,
      atSeconds,
    });
    this.callerLastVoicedAt = this.callerSpeaking ? atSeconds : null;
  }
}
