/** The table of models, and one line on how to read it. */
import { count, element, percent, signed } from './format.js';

const COLOURS = ['--s1', '--s2', '--s3', '--s4'];
const colours = new Map();

/** Baselines are grey; others get a colour when first seen and keep it. */
export function colourOf(name, baseline) {
  if (baseline) return name === 'prior' ? '--quiet' : '--flat';
  if (!colours.has(name)) colours.set(name, COLOURS[colours.size % COLOURS.length]);
  return colours.get(name);
}

function row(model) {
  const tr = element('tr', [model.baseline && 'baseline', model.best && 'best'].filter(Boolean).join(' '));
  const name = element('td');
  const swatch = element('span', 'swatch');
  swatch.style.background = `var(${colourOf(model.name, model.baseline)})`;
  name.append(swatch, model.name);
  if (model.champion) name.append(element('span', 'tag strong', 'champion'));
  if (model.best) name.append(element('span', 'tag strong', 'best'));
  if (model.baseline) name.append(element('span', 'tag', 'baseline'));
  const { total } = model;
  const scored = total !== null && total.outcomes > 0;
  const number = (text, className = '') => element('td', className, scored ? text() : '–');
  const margin = model.toBestBaseline;
  const verdict = margin === null || model.baseline ? '' : margin < 0 ? 'better' : margin > 0 ? 'worse' : '';
  tr.append(
    name,
    number(() => total.logLoss.toFixed(4)),
    element('td', verdict, margin === null ? '–' : margin === 0 ? '0' : signed(margin, 4)),
    number(() => percent(total.accuracy)),
    number(() => total.brier.toFixed(4)),
    number(() => count(total.outcomes)),
    element('td', '', model.version === null ? '–' : count(model.version)),
  );
  return tr;
}

export function drawModels(table, overview) {
  if (overview.models.length === 0) return;
  const order = (model) => [model.baseline ? 1 : 0, model.total?.outcomes > 0 ? model.total.logLoss : Infinity];
  const sorted = [...overview.models].sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1] || a.name.localeCompare(b.name));
  table.tBodies[0].replaceChildren(...sorted.map(row));
}

export function explain(node, classes) {
  const guess = Math.log(classes).toFixed(3);
  const words = `Log loss is how surprised a model was, on average, by what happened: lower is better, 0 is never surprised, ${guess} is giving all ${classes} directions the same chance. A model is worth something when it beats both baselines: prior (how often each direction comes) and persistence (the last move).`;
  if (node.textContent !== words) node.textContent = words;
}
