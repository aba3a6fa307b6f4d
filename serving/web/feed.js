/** The newest predictions of the champion, and what became of them. */
import { element, instrumentParts, percent, signed, topIndex, withheld } from './format.js';

function line(entry) {
  const li = element('li');
  const name = element('span', '', instrumentParts(entry.instrument)[1]);
  if (entry.abstained !== '') {
    li.append(name, element('span', 'flat', withheld(entry.abstained)), element('span', '', ''));
    return li;
  }
  const top = topIndex(entry.probabilities);
  const predicted = element('span', entry.classes[top], `${entry.classes[top]} ${percent(entry.probabilities[top])}`);
  const { outcome } = entry;
  let became;
  if (outcome === null) became = element('span', '', 'waiting');
  else if (outcome.expired) became = element('span', '', 'expired');
  else {
    const hit = outcome.label === top;
    became = element('span', hit ? 'hit' : 'miss', `${hit ? '✓' : '✗'} ${signed(outcome.returnBps, 1)} bp`);
    became.title = `came ${entry.classes[outcome.label]}; log loss ${outcome.logLoss.toFixed(3)}`;
  }
  li.append(name, predicted, became);
  return li;
}

export function drawFeed(list, overview) {
  if (overview.feed.length > 0) list.replaceChildren(...overview.feed.map(line));
}
