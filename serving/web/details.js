/** What is asked for every few seconds rather than streamed: quality of a model, stages, dead letters. */
import { drawLetters } from './letters.js';
import { drawPicker, drawQuality } from './quality.js';
import { drawStages } from './stages.js';

const $ = (id) => document.getElementById(id);
const LETTERS = 8;
let newestLetter = null;

async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** A part that cannot be had says so in its own place; the others go on. */
async function part(node, work) {
  try {
    await work();
    node.classList.remove('failed');
  } catch {
    node.classList.add('failed');
    const waiting = [...node.querySelectorAll('.empty')].find(({ textContent }) => textContent === 'Loading.');
    if (waiting) waiting.textContent = 'This could not be loaded; trying again.';
  }
}

const letters = () => ({ list: $('letters'), total: $('letters-count'), more: $('letters-more') });

async function refreshLetters() {
  const page = await get(`/v1/dead-letters?limit=${LETTERS}`);
  const newest = `${page.count} ${page.letters[0]?.letter ?? ''}`;
  if (newest === newestLetter) return; // What is open or paged to stays.
  newestLetter = newest;
  drawLetters(letters(), page, false);
}

async function refreshQuality(overview) {
  const model = $('model').value;
  const path = `/v1/evaluations?scope=total&model=${encodeURIComponent(model)}`;
  const evaluation = model === '' ? undefined : (await get(path)).evaluations[0];
  drawQuality($('confusion'), $('reliability'), evaluation, overview.status?.evaluateEvery);
}

export async function refreshDetails(overview) {
  drawPicker($('model'), overview);
  await Promise.all([
    part($('confusion'), () => refreshQuality(overview)),
    part($('stages'), async () => { drawStages($('stages'), (await get('/v1/stages')).stages); }),
    part($('letters'), refreshLetters),
  ]);
}

export function listenToDetails(overviewNow) {
  $('model').addEventListener('change', () => { void refreshDetails(overviewNow()); });
  $('letters-more').addEventListener('click', ({ target }) => {
    void part($('letters'), async () => { drawLetters(letters(), await get(`/v1/dead-letters?limit=${LETTERS}&before=${target.dataset.before}`), true); });
  });
}
