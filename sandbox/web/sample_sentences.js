// Speaks sample sentences into the call, so that it can be tried without a microphone and in languages one does not speak.

import { languages } from './languages.js';
import { voicedSpan } from './sound.js';
import { AUDIBLE_RMS } from './turn_clock.js';

export class SampleSentences {
  #sound;
  #control;
  #recordings = new Map();

  /** @param {{sound: Sound, control: SandboxControl|null}} parts without `control` a real recogniser has to understand them */
  constructor({ sound, control }) {
    this.#sound = sound;
    this.#control = control;
    this.lastLanguage = 'en-IN';
  }

  /** @param {'ask'|'interrupt'} sentence */
  async say(language, sentence) {
    const recording = await this.#recording(language, sentence);
    if (this.#control) {
      const { firstSeconds, lastSeconds } = voicedSpan(recording, AUDIBLE_RMS);
      await this.#control.hearNext({ text: languages[language][sentence], language, durationSeconds: lastSeconds - firstSeconds });
    }
    await this.#sound.speak(recording);
  }

  async #recording(language, sentence) {
    const name = sentence === 'ask' ? language : `${language}-${sentence}`;
    if (!this.#recordings.has(name)) {
      const answer = await fetch(`./samples/${name}.wav`);
      if (!answer.ok) throw new Error(`The sandbox has no recording of it (${answer.status}).`);
      this.#recordings.set(name, await this.#sound.decode(await answer.arrayBuffer()));
    }
    return this.#recordings.get(name);
  }
}
