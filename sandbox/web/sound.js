// The page's audio: one track to publish (microphone and sample sentences mixed), and a meter on both sides.

import { microphoneProblem } from './problems.js';

const SAMPLE_RATE_HZ = 48000;

export class Sound extends EventTarget {
  #context = null;
  #toPublish = null;
  #meter = null;
  #microphone = null; // the raw track from the browser
  #microphoneGain = null;
  #agentSource = null;
  #playing = null;
  #muted = false;

  /** Call from a click: browsers start audio only then. */
  async start() {
    if (this.#context) return this.#context.resume();
    this.#context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ, latencyHint: 'interactive' });
    await this.#context.audioWorklet.addModule('./loudness_worklet.js');
    this.#toPublish = this.#context.createMediaStreamDestination();
    this.#toPublish.channelCount = 1;
    this.#meter = new AudioWorkletNode(this.#context, 'loudness-meter', { numberOfInputs: 2, numberOfOutputs: 0 });
    this.#meter.port.onmessage = ({ data }) => this.dispatchEvent(new CustomEvent('frame', { detail: data }));
    this.#microphoneGain = this.#context.createGain();
    this.#send(this.#microphoneGain);
    return this.#context.resume();
  }

  #send(node) {
    node.connect(this.#toPublish);
    node.connect(this.#meter, 0, 0);
  }

  /** Ask for the microphone. Throws a Problem that says what to do when the browser refuses. */
  async openMicrophone() {
    if (this.#microphone?.readyState === 'live') return;
    if (!navigator.mediaDevices?.getUserMedia) throw microphoneProblem({ name: 'InsecureContext' });
    const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted }).catch((error) => {
      throw microphoneProblem(error);
    });
    [this.#microphone] = stream.getAudioTracks();
    this.#microphone.addEventListener('ended', () => this.dispatchEvent(new Event('microphone-lost')));
    this.#microphone.enabled = !this.#muted;
    this.#context.createMediaStreamSource(stream).connect(this.#microphoneGain);
  }

  get hasMicrophone() {
    return this.#microphone?.readyState === 'live';
  }

  /** The one track to publish. It outlives reconnects, so that a new room gets the same microphone.
   *  A clone, because the LiveKit SDK stops what it published when it leaves. */
  trackToPublish() {
    return this.#toPublish.stream.getAudioTracks()[0].clone();
  }

  get muted() {
    return this.#muted;
  }

  /** Muting silences the microphone itself and keeps sending silence: the agent then hears that a
   *  half-spoken sentence is over, and sample sentences still get through. */
  set muted(muted) {
    this.#muted = muted;
    if (this.#microphone) this.#microphone.enabled = !muted;
  }

  async decode(encoded) {
    return this.#context.decodeAudioData(encoded);
  }

  /** Speak a recorded sentence into the call; resolves when it is over. The microphone is quiet meanwhile,
   *  so that the loudspeaker's echo of the sentence is not heard twice. */
  async speak(audioBuffer) {
    this.#playing?.stop();
    const source = this.#context.createBufferSource();
    source.buffer = audioBuffer;
    this.#playing = source;
    this.#send(source);
    source.connect(this.#context.destination);
    this.#microphoneGain.gain.value = 0;
    await new Promise((resolve) => {
      source.onended = resolve;
      source.start();
    });
    source.disconnect();
    if (this.#playing !== source) return;
    this.#playing = null;
    this.#microphoneGain.gain.value = 1;
  }

  /** Meter the agent's audio; the SDK's <audio> element plays it. */
  hearAgent(mediaStreamTrack) {
    this.#agentSource?.disconnect();
    this.#agentSource = this.#context.createMediaStreamSource(new MediaStream([mediaStreamTrack]));
    this.#agentSource.connect(this.#meter, 0, 1);
  }

  /** After the call: let go of the microphone, so that the browser's recording sign goes out. */
  stop() {
    this.#playing?.stop();
    this.#microphone?.stop();
    this.#microphone = null;
    this.#agentSource?.disconnect();
    this.#agentSource = null;
  }
}

/** Where speech begins and ends in a recording, in seconds. */
export function voicedSpan(audioBuffer, audibleRms) {
  const samples = audioBuffer.getChannelData(0);
  const size = Math.round(audioBuffer.sampleRate * 0.01);
  let first = null;
  let last = 0;
  for (let start = 0; start + size <= samples.length; start += size) {
    let squares = 0;
    for (let i = start; i < start + size; i += 1) squares += samples[i] * samples[i];
    if (Math.sqrt(squares / size) <= audibleRms) continue;
    first ??= start;
    last = start + size;
  }
  return { firstSeconds: (first ?? 0) / audioBuffer.sampleRate, lastSeconds: last / audioBuffer.sampleRate };
}
