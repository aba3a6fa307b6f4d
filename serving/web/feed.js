/** Predictions of the champion that have come true: what was said, what happened. */
import { element, instrumentParts, percent, signed, topIndex } from './format.js';

function line(entry) {
  const { instrument, classes, probabilities, outcome } = entry;
  const top = topIndex(probabilities);
  const predicted = element('span', classes[top], `${classes[top]} ${percent(probabilities[top])}`);
  const hit = outcome.label === top;
  const became = outcome.expired
    ? element('span', '', 'expired')
    : element('span', hit ? 'hit' : 'miss', `${hit ? '✓' : '✗'} ${signed(outcome.returnBps, 1)} bp`);
  if (!outcome.expired) became.title = `came ${classes[outcome.label]}; log loss ${outcome.logLoss.toFixed(3)}`;
  const li = element('li');
  li.append(element('span', '', instrumentParts(instrument)[1]), predicted, became);
  return li;
}

export function drawFeed(list, overview) {
  if (overview.feed.length > 0) list.replaceChildren(...overview.feed.map(line));
}
