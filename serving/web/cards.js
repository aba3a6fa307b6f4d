/** One card an instrument: price, its trail, and what the champion makes of it. */
import { age, duration, element, instrumentParts, percent, price, setText, withheld, count, topIndex } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const MOST_CARDS = 60;

const cards = new Map();

function createCard(id) {
  const [venue, symbol] = instrumentParts(id);
  const root = element('article', 'card');
  const name = element('div', 'name');
  const title = element('b', '', symbol);
  title.title = id;
  name.append(title, element('span', '', venue));
  const quote = element('div', 'quote');
  const priceNode = element('span', 'price');
  const spark = document.createElementNS(SVG, 'svg');
  spark.setAttribute('class', 'spark');
  spark.setAttribute('viewBox', '0 0 100 100');
  spark.setAttribute('preserveAspectRatio', 'none');
  spark.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'polyline');
  spark.append(line);
  quote.append(priceNode, spark);
  const book = element('div', 'book');
  const bookText = element('small');
  book.append(bookText);
  const forecast = element('div', 'forecast');
  const about = element('div', 'about');
  const [made, horizon] = [element('small'), element('small')];
  about.append(made, horizon);
  root.append(name, quote, book, forecast, about);
  return { root, priceNode, line, bookText, forecast, made, horizon, classes: '', bars: [] };
}

function drawTrail(line, trail) {
  if (trail.length < 2) {
    line.setAttribute('points', '');
    return;
  }
  const low = Math.min(...trail);
  const span = Math.max(...trail) - low || 1;
  line.setAttribute('points', trail.map((p, i) => `${((i / (trail.length - 1)) * 100).toFixed(2)},${(94 - ((p - low) / span) * 88).toFixed(2)}`).join(' '));
}

function drawForecast(card, prediction) {
  if (!prediction || prediction.abstained !== '') {
    const words = prediction ? `${withheld(prediction.abstained)}: no prediction` : 'No prediction yet';
    if (card.classes !== words) card.forecast.replaceChildren(element('div', 'withheld', words));
    card.classes = words;
    return;
  }
  const key = prediction.classes.join();
  if (card.classes !== key) {
    card.classes = key;
    card.bars = prediction.classes.map((name) => {
      const root = element('div', `bar ${name}`);
      const track = element('i');
      const fill = element('b');
      track.append(fill);
      const value = element('em');
      root.append(element('span', '', name), track, value);
      return { root, fill, value };
    });
    const list = element('div', 'bars');
    list.append(...card.bars.map(({ root }) => root));
    card.forecast.replaceChildren(list);
  }
  const top = topIndex(prediction.probabilities);
  prediction.probabilities.forEach((p, i) => {
    const bar = card.bars[i];
    bar.fill.style.width = `${(p * 100).toFixed(1)}%`;
    bar.root.classList.toggle('top', i === top);
    setText(bar.value, percent(p));
  });
}

/** `elapsed`: milliseconds since the overview was put together, for ages that tick. */
export function drawCards(container, overview, elapsed) {
  const shown = overview.instruments.slice(0, MOST_CARDS);
  if (shown.length === 0) return;
  for (const row of shown) {
    let card = cards.get(row.instrument);
    if (!card) {
      card = createCard(row.instrument);
      cards.set(row.instrument, card);
      container.querySelector('.empty')?.remove();
      container.append(card.root);
    }
    setText(card.priceNode, price(row.price));
    const spread = row.ask > 0 && row.bid > 0 ? ` · spread ${(((row.ask - row.bid) / row.price) * 1e4).toFixed(2)} bp` : '';
    setText(card.bookText, row.bid > 0 ? `${price(row.bid)} / ${price(row.ask)}${spread}` : 'no quote yet');
    drawTrail(card.line, row.trail);
    drawForecast(card, row.prediction);
    drawAges(card, row, overview.maxStalenessMs, elapsed);
  }
  if (overview.instruments.length > MOST_CARDS && !document.getElementById('more')) {
    const more = element('p', 'empty', `and ${count(overview.instruments.length - MOST_CARDS)} more, at /v1/instruments`);
    more.id = 'more';
    container.append(more);
  }
}

function drawAges(card, row, maxStalenessMs, elapsed) {
  const { prediction } = row;
  card.root.classList.toggle('stale', row.ageMs + elapsed > maxStalenessMs);
  setText(card.made, prediction ? age(prediction.ageMs + elapsed) : `price ${age(row.ageMs + elapsed)}`);
  setText(card.horizon, prediction ? `the next ${duration(prediction.horizonUs)} · v${count(prediction.version)}` : '');
}

export function tickAges(overview, elapsed) {
  for (const row of overview.instruments) {
    const card = cards.get(row.instrument);
    if (card) drawAges(card, row, overview.maxStalenessMs, elapsed);
  }
}
