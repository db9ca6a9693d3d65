// Lets a recording be heard from any word on, and shows how loud it is. The player itself works without this.

const player = document.getElementById('player');
const canvas = document.getElementById('waveform');
const turns = [...document.querySelectorAll('.turn')];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const BYTES_MAX = 40_000_000; // a longer recording is heard without its waveform
let peaks = [];

for (const line of document.querySelectorAll('.line')) makeWords(line);
player.addEventListener('timeupdate', follow);
canvas.addEventListener('click', (event) => hear((event.offsetX / canvas.clientWidth) * player.duration));
document.addEventListener('keydown', (event) => {
  if (event.key !== ' ' || event.target.closest('a, button, input, select, summary, audio')) return;
  event.preventDefault();
  if (player.paused) player.play(); else player.pause();
});
drawWaveform().finally(() => { document.documentElement.dataset.ready = ''; });

function hear(seconds) {
  if (!Number.isFinite(seconds)) return;
  player.currentTime = Math.max(0, seconds);
  player.play();
}

/** Cuts what a line says into words; a press on one plays from where it was said, as near as its place in the line tells. */
function makeWords(line) {
  const said = line.querySelector('.said');
  if (!said) return;
  const whole = said.textContent;
  const [begins, ends] = [Number(line.dataset.begins), Number(line.dataset.ends)];
  let at = 0;
  const words = whole.split(/(\s+)/).map((piece) => {
    const place = begins + ((ends - begins) * at) / Math.max(whole.length, 1);
    at += piece.length;
    if (!piece.trim()) return piece;
    const word = document.createElement('span');
    word.className = 'word';
    word.textContent = piece;
    word.addEventListener('click', () => hear(place));
    return word;
  });
  said.replaceChildren(...words);
}

function follow() {
  const now = player.currentTime;
  const current = turns.findLast((turn) => Number(turn.dataset.begins) <= now);
  for (const turn of turns) turn.classList.toggle('playing', turn === current && !player.paused);
  paint();
}

async function drawWaveform() {
  const reply = await fetch(player.src);
  if (!reply.ok || Number(reply.headers.get('Content-Length')) > BYTES_MAX) return;
  const context = new OfflineAudioContext(1, 1, 8000);
  const sound = await context.decodeAudioData(await reply.arrayBuffer());
  canvas.hidden = false;
  peaks = [...Array(sound.numberOfChannels).keys()].slice(0, 2).map((channel) => loudness(sound.getChannelData(channel)));
  paint();
}

function loudness(samples) {
  const bars = 400;
  const step = Math.max(1, Math.floor(samples.length / bars));
  return Array.from({ length: bars }, (_, bar) => {
    let most = 0;
    for (let index = bar * step; index < Math.min((bar + 1) * step, samples.length); index += 4) most = Math.max(most, Math.abs(samples[index]));
    return most;
  });
}

/** The caller above the line, the agent below it; what has been heard is darker. */
function paint() {
  if (!peaks.length) return;
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext('2d');
  pen.scale(scale, scale);
  const heard = player.duration ? player.currentTime / player.duration : 0;
  const colours = [colour('--caller'), colour('--agent')];
  const sides = peaks.length === 2 ? peaks : [peaks[0], peaks[0]];
  sides.forEach((bars, side) => {
    pen.fillStyle = colours[side];
    bars.forEach((peak, bar) => {
      pen.globalAlpha = bar / bars.length <= heard ? 1 : 0.45;
      const tall = Math.max(0.5, peak * (height / 2 - 1));
      pen.fillRect((bar * width) / bars.length, side ? height / 2 : height / 2 - tall, Math.max(1, width / bars.length - 0.5), tall);
    });
  });
}
