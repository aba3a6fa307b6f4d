/** Lag and rate of every stage. */
import { count, duration, element } from './format.js';

const fraction = (value) => (value >= 100 ? count(Math.round(value)) : value.toFixed(value > 0 && value < 10 ? 1 : 0));

function row({ name, state, rate, lagRecords, lagSeconds }) {
  const tr = element('tr');
  tr.append(
    element('td', '', name),
    element('td', ['failed', 'backing_off', 'retrying'].includes(state) ? 'worse' : '', state.replace('_', ' ')),
    element('td', '', rate === null ? '–' : fraction(rate)),
    element('td', '', lagRecords === null ? '–' : lagRecords === 0 ? 'nothing' : count(lagRecords)),
    element('td', lagSeconds > 10 ? 'worse' : '', lagSeconds === null ? '–' : lagSeconds === 0 ? '' : duration(lagSeconds * 1e6)),
  );
  return tr;
}

/** Followers of this server in one line: they keep pace together. */
function folded(stages) {
  const views = stages.filter(({ role }) => role === 'serving');
  if (views.length === 0) return stages;
  const sum = (of) => views.reduce((total, view) => total + (of(view) ?? 0), 0);
  const odd = views.find(({ state }) => state !== 'following');
  const all = {
    name: 'serving',
    state: odd ? `${odd.name}: ${odd.state}` : 'following',
    rate: views.every(({ rate }) => rate === null) ? null : sum(({ rate }) => rate),
    lagRecords: sum(({ lagRecords }) => lagRecords),
    lagSeconds: views.every(({ lagRecords }) => lagRecords === 0) ? 0 : null,
  };
  return [...stages.filter(({ role }) => role !== 'serving'), all];
}

export function drawStages(table, stages) {
  table.tBodies[0].replaceChildren(...folded(stages).map(row));
}
