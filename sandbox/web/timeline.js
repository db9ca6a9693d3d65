// Draws the last seconds of both sides on one time axis: the gap between them is the latency, visible.

import { AUDIBLE_RMS } from './turn_clock.js';

const SHOWN_SECONDS = 8;
const FRAMES_PER_BAR = 8; // 80 ms a bar
const BARS_PER_STILL = 12; // who wants no motion gets a new picture about once a second
const BARS = Math.round(SHOWN_SECONDS / (FRAMES_PER_BAR * 0.01));

export class Timeline {
  #canvas;
  #bars = [];
  #frames = [];
  #answers = [];
  #count = 0;
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(canvas) {
    this.#canvas = canvas;
  }

  reset() {
    this.#bars = [];
    this.#frames = [];
    this.#answers = [];
  }

  frame(frame) {
    this.#frames.push(frame);
    if (this.#frames.length < FRAMES_PER_BAR) return;
    const loudest = (side) => Math.max(...this.#frames.map((each) => each[side]));
    this.#bars.push({ atSeconds: frame.atSeconds, caller: loudest('callerRms'), agent: loudest('agentRms') });
    this.#bars = this.#bars.slice(-BARS);
    this.#frames = [];
    this.#count += 1;
    // Drawn when there is something new, not at every refresh of the screen: a call must not warm the phone.
    if (!document.hidden && (!this.#still.matches || this.#count % BARS_PER_STILL === 0)) this.#draw();
  }

  answer({ seconds, atSeconds }) {
    if (seconds !== null) this.#answers = [...this.#answers.slice(-5), { seconds, atSeconds }];
  }

  #draw() {
    const { width, height } = fit(this.#canvas);
    const pen = this.#canvas.getContext('2d');
    pen.clearRect(0, 0, width, height);
    const colours = getComputedStyle(this.#canvas);
    const step = width / BARS;
    const middle = height / 2;
    const now = this.#bars.at(-1)?.atSeconds ?? 0;
    const x = (atSeconds) => width - ((now - atSeconds) / SHOWN_SECONDS) * width;
    pen.fillStyle = colours.getPropertyValue('--line');
    pen.fillRect(0, middle - 0.5, width, 1);
    for (const { atSeconds, caller, agent } of this.#bars) {
      drawBar(pen, x(atSeconds) - step, step * 0.62, middle, -reach(caller, middle), colours.getPropertyValue('--caller'));
      drawBar(pen, x(atSeconds) - step, step * 0.62, middle, reach(agent, middle), colours.getPropertyValue('--agent'));
    }
    for (const { seconds, atSeconds } of this.#answers) this.#drawGap(pen, x(atSeconds - seconds), x(atSeconds), middle, seconds, colours);
  }

  #drawGap(pen, from, to, middle, seconds, colours) {
    if (to < 0) return;
    pen.strokeStyle = pen.fillStyle = colours.getPropertyValue('--ink');
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(from, middle - 5);
    pen.lineTo(from, middle + 5);
    pen.moveTo(from, middle);
    pen.lineTo(to, middle);
    pen.moveTo(to, middle - 5);
    pen.lineTo(to, middle + 5);
    pen.stroke();
    pen.font = `600 12px ${colours.fontFamily}`;
    pen.textAlign = 'right'; // under the caller's words, where the agent was silent
    pen.fillText(`${seconds.toFixed(2)} s`, to - 6, middle + 18);
  }
}

/** Loudness to height: decibels, as ears hear it; silence is a dot. */
export function reach(rms, most) {
  if (rms <= AUDIBLE_RMS / 2) return 1.5;
  const share = (20 * Math.log10(rms) + 50) / 44; // -50 dB to -6 dB
  return 1.5 + Math.min(Math.max(share, 0.04), 1) * (most - 6);
}

function drawBar(pen, left, width, middle, height, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(left, height < 0 ? middle - 2 + height : middle + 2, width, Math.abs(height), width / 2);
  pen.fill();
}

function fit(canvas) {
  const scale = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  canvas.getContext('2d').setTransform(scale, 0, 0, scale, 0, 0);
  return { width, height };
}
