// Draws what stands in the table of days. Without this script the table says the same.

import uPlot from '/uplot/uPlot.esm.js';

const HEIGHT = 220;
const days = [...document.querySelectorAll('#days tbody tr')].map((row) => [...row.children]);
const names = [...document.querySelectorAll('#days thead th')].map((head) => head.textContent);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

if (days.length > 1) for (const figure of document.querySelectorAll('.plot')) draw(figure);
document.documentElement.dataset.ready = '';

function draw(figure) {
  figure.hidden = false;
  const columns = figure.dataset.columns.split(' ').map(Number);
  const seconds = days.map(([head]) => Date.parse(`${head.dataset.day}T00:00:00Z`) / 1000);
  const values = columns.map((column) => days.map((cells) => (cells[column].dataset.value === '' ? null : Number(cells[column].dataset.value))));
  const width = () => figure.clientWidth - 2 * parseFloat(getComputedStyle(figure).paddingLeft);
  const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line') } };
  const strokes = [colour('--caller'), colour('--agent')];
  const plot = new uPlot({
    width: width(),
    height: HEIGHT,
    tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), 'Etc/UTC'), // a day is a day, wherever one looks from
    scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.05] } },
    axes: [axis, { ...axis }],
    series: [{ label: names[0], value: '{YYYY}-{MM}-{DD}' }, ...columns.map((column, index) => ({ label: names[column], stroke: strokes[index], width: 2, spanGaps: false }))],
  }, [seconds, ...values], figure);
  new ResizeObserver(() => plot.setSize({ width: width(), height: HEIGHT })).observe(figure);
}
