// Measures how loud both sides are, every 10 ms, on the audio thread.
//
// On the audio thread because the page's own timers are late whenever it draws; both sides in one processor because
// only frames counted by the same clock can be subtracted from each other.

const FRAME_SECONDS = 0.01;

class LoudnessMeter extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samplesPerFrame = Math.round(sampleRate * FRAME_SECONDS);
    this.startFrame();
  }

  startFrame() {
    this.count = 0;
    this.callerSquares = 0;
    this.agentSquares = 0;
  }

  // Inputs: 0 what the page sends, 1 what the agent sends. An input with nothing connected has no channel.
  process([caller, agent]) {
    for (let i = 0; i < 128; i += 1) {
      const callerSample = caller.length ? caller[0][i] : 0;
      const agentSample = agent.length ? agent[0][i] : 0;
      this.callerSquares += callerSample * callerSample;
      this.agentSquares += agentSample * agentSample;
      this.count += 1;
      if (this.count === this.samplesPerFrame) {
        this.port.postMessage({
          atSeconds: (currentFrame + i) / sampleRate,
          callerRms: Math.sqrt(this.callerSquares / this.count),
          agentRms: Math.sqrt(this.agentSquares / this.count),
        });
        this.startFrame();
      }
    }
    return true;
  }
}

registerProcessor('loudness-meter', LoudnessMeter);
