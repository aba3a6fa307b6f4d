/** Dead letters, newest first. What they hold was written by anyone: it enters the page as text only. */
import { age, count, element } from './format.js';

function letter(entry) {
  const details = element('details');
  const summary = element('summary');
  const place = entry.topic === '' ? `${entry.key}, row ${entry.offset}` : `${entry.topic} ${entry.partition}/${entry.offset}${entry.row > 0 ? `, row ${entry.row}` : ''}`;
  summary.append(element('b', '', entry.code), element('span', 'place', place), element('span', 'when', age(Math.max(0, Date.now() - entry.timestamp))));
  const shown = entry.text ?? entry.base64 ?? '';
  const what = entry.text === null ? 'not text; base64 of the first bytes' : entry.cut ? 'the first bytes' : 'all of it';
  details.append(summary, element('p', '', entry.message), element('pre', '', shown === '' ? '(empty)' : shown), element('small', '', `${count(entry.bytes)} bytes, ${what}`));
  return details;
}

/** @param append older ones behind those shown, rather than the newest in their place */
export function drawLetters({ list, total, more }, page, append) {
  total.textContent = page.count === 0 ? '' : `${count(page.count)} kept`;
  more.hidden = page.next === null;
  more.dataset.before = page.next ?? '';
  if (append) list.append(...page.letters.map(letter));
  else list.replaceChildren(...(page.letters.length === 0 ? [element('p', 'empty', 'No dead letters.')] : page.letters.map(letter)));
}
