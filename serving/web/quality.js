/** The confusion matrix and the reliability diagram of one model, from its newest evaluation. */
import { count, element, percent } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const NAMES = { 2: ['not up', 'up'], 3: ['down', 'flat', 'up'] };

function svg(tag, attributes, text = '') {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== '') node.textContent = text;
  return node;
}

/** @param evaluation newest of scope `total`, or undefined; `every`: outcomes between two, where known */
export function drawQuality(confusion, reliability, evaluation, every) {
  const key = evaluation ? `${evaluation.model} ${evaluation.outcomes} ${evaluation.ordinal}` : `none ${every}`;
  if (confusion.dataset.key === key) return;
  confusion.dataset.key = key;
  if (!evaluation || evaluation.outcomes === 0) {
    const words = `No evaluation yet: the first comes after ${every ? `${count(every)} outcomes` : 'the first outcomes'}.`;
    confusion.replaceChildren(element('p', 'empty', words));
    reliability.replaceChildren(element('p', 'empty', words));
    return;
  }
  confusion.replaceChildren(matrix(evaluation.confusion));
  reliability.replaceChildren(diagram(evaluation), element('p', 'below', `Expected calibration error ${evaluation.calibrationError.toFixed(4)} over ${count(evaluation.outcomes)} outcomes`));
}

function matrix(counts) {
  const classes = Math.round(Math.sqrt(counts.length));
  const names = NAMES[classes] ?? Array.from({ length: classes }, (_, i) => `class ${i}`);
  const table = element('table', 'matrix');
  const head = element('tr');
  head.append(element('td'), ...names.map((name) => heading(name, 'col')), heading('all', 'col'));
  table.append(head);
  for (let label = 0; label < classes; label++) {
    const row = counts.slice(label * classes, (label + 1) * classes);
    const total = row.reduce((sum, n) => sum + n, 0);
    const tr = element('tr');
    tr.append(heading(names[label], 'row'));
    row.forEach((n, predicted) => {
      const share = total === 0 ? 0 : n / total;
      const cell = element('td', predicted === label ? 'cell right' : 'cell');
      // At most a third of the colour, so that the text keeps its contrast in both schemes.
      cell.style.setProperty('--share', `${(share * 38).toFixed(1)}%`);
      cell.append(element('b', '', total === 0 ? '–' : percent(share)), element('small', '', count(n)));
      tr.append(cell);
    });
    tr.append(element('td', 'sum', count(total)));
    table.append(tr);
  }
  return table;
}

function heading(text, scope) {
  const th = element('th', '', text);
  th.scope = scope;
  return th;
}

const [LEFT, TOP, SIDE_X, SIDE_Y] = [44, 12, 400, 220];
const x = (p) => LEFT + p * SIDE_X;
const y = (p) => TOP + (1 - p) * SIDE_Y;

function diagram({ calibration, model }) {
  const most = Math.max(1, ...calibration.map((bin) => bin.count));
  const root = svg('svg', { viewBox: '0 0 460 276', class: 'reliability', role: 'img', 'aria-label': `Reliability of ${model}` });
  for (const p of [0, 0.25, 0.5, 0.75, 1]) {
    root.append(
      svg('line', { x1: x(0), x2: x(1), y1: y(p), y2: y(p), class: 'grid' }),
      svg('text', { x: x(0) - 8, y: y(p) + 4, 'text-anchor': 'end' }, percent(p)),
      svg('text', { x: x(p), y: y(0) + 18, 'text-anchor': 'middle' }, percent(p)),
    );
  }
  root.append(svg('text', { x: x(0.5), y: y(0) + 38, 'text-anchor': 'middle' }, 'how sure the model was'));
  const points = [];
  calibration.forEach((bin, i) => {
    if (bin.count === 0) return;
    const width = SIDE_X / calibration.length;
    const height = Math.max(2, (bin.count / most) * SIDE_Y * 0.2);
    const bar = svg('rect', { x: x(i / calibration.length) + 3, y: y(0) - height, width: width - 6, height, rx: 2, class: 'bin' });
    const [said, came] = [bin.sumProbability / bin.count, bin.hits / bin.count];
    const words = `said ${(said * 100).toFixed(1)}%, came ${(came * 100).toFixed(1)}%, ${count(bin.count)} predictions`;
    bar.append(svg('title', {}, words));
    points.push([said, came, words]);
    root.append(bar, svg('text', { x: x((i + 0.5) / calibration.length), y: y(0) - height - 5, 'text-anchor': 'middle', class: 'n' }, short(bin.count)));
  });
  root.append(svg('line', { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: 'honest' }));
  root.append(svg('polyline', { points: points.map(([said, came]) => `${x(said)},${y(came)}`).join(' '), class: 'observed' }));
  for (const [said, came, words] of points) {
    const dot = svg('circle', { cx: x(said), cy: y(came), r: 4.5, class: 'dot' });
    dot.append(svg('title', {}, words));
    root.append(dot);
  }
  return root;
}

const short = (n) => (n < 10_000 ? count(n) : n < 1e6 ? `${Math.round(n / 1000)}k` : `${(n / 1e6).toFixed(1)}M`);

/** Names in the list of models, the champion first chosen; the choice stays when the list changes. */
export function drawPicker(select, overview) {
  const names = overview.models.map(({ name }) => name);
  if (select.dataset.names === names.join()) return;
  select.dataset.names = names.join();
  const chosen = names.includes(select.value) ? select.value : overview.champion || names[0];
  select.replaceChildren(...names.map((name) => element('option', '', name)));
  select.value = chosen ?? '';
}
