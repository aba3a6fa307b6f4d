/** Log loss of every model over event time. */
import uPlot from '/vendor/uplot/uPlot.esm.js';

import { colourOf } from './models.js';

let plot = null;
let shape = '';

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The middle of the values: the first few outcomes swing so far that they would flatten all that follows. */
function range(series) {
  const values = series.flat().filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
  if (values.length === 0) return [0, 1];
  const at = (q) => values[Math.min(values.length - 1, Math.floor(q * values.length))];
  const [low, high] = [at(0.01), at(0.97)];
  const pad = Math.max((high - low) * 0.12, 0.002);
  return [low - pad, high + pad];
}

/** @param list series of `/v1/evaluations`, of one scope */
export function drawChart(container, list, baselines) {
  const drawn = list.filter(({ time }) => time.length > 1).sort((a, b) => a.model.localeCompare(b.model));
  if (drawn.length === 0) return;
  const data = uPlot.join(drawn.map(({ time, logLoss }) => dedupe(time, logLoss)));
  const key = drawn.map(({ model }) => model).join('\n');
  if (plot && key === shape) {
    plot.setData(data);
    return;
  }
  plot?.destroy();
  shape = key;
  container.replaceChildren();
  const axis = { stroke: css('--quiet'), grid: { stroke: css('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  const options = {
    width: container.clientWidth - 24,
    height: 262,
    cursor: { y: false },
    scales: { y: { range: (self) => range(self.data.slice(1)) } },
    axes: [{ ...axis, space: 70 }, { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => tick.toFixed(3)) }],
    series: [
      { value: (_, t) => (t === null ? '' : new Date(t * 1000).toLocaleString()) },
      ...drawn.map(({ model }) => ({
        label: model,
        stroke: css(colourOf(model, baselines.has(model))),
        width: baselines.has(model) ? 1.5 : 2,
        dash: baselines.has(model) ? [5, 4] : [],
        spanGaps: true,
        points: { show: false },
        value: (_, v) => (v === null || v === undefined ? '–' : v.toFixed(4)),
      })),
    ],
  };
  plot = new uPlot(options, data, container);
}

/** Strictly growing seconds, as the chart wants them; of equal times the last counts. */
function dedupe(time, values) {
  const [xs, ys] = [[], []];
  time.forEach((us, i) => {
    const x = us / 1e6;
    if (xs.length > 0 && x <= xs[xs.length - 1]) {
      ys[ys.length - 1] = values[i];
      return;
    }
    xs.push(x);
    ys.push(values[i]);
  });
  return [xs, ys];
}

export function resizeChart(container) {
  plot?.setSize({ width: container.clientWidth - 24, height: 262 });
}

/** Colours are read when the chart is made: after a change of scheme it is made anew. */
export function forgetChart() {
  plot?.destroy();
  plot = null;
  shape = '';
}
