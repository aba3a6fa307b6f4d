/** What a gap excuses, and what it does not. */
import { expect, test } from '@jest/globals';

import { Gap } from '#proto';

import { findings } from './accounts.ts';
import { Ledger } from './ledger.ts';
import type { MarketItem } from './market.ts';

const SECOND_US = 1e6;

/** Findings about items 1 to 5, a second apart, of which 1 and 5 were published. */
function found(stream: 'post' | 'trade', gaps: readonly Partial<Gap>[], rows = ['1', '5']): number {
  const ledger = new Ledger();
  for (let id = 1; id <= 5; id++) {
    const atUs = (1000 + id) * SECOND_US;
    const item: MarketItem = stream === 'post' ? { stream, symbol: 'A', id, author: 'x', text: '', atUs } : { stream, symbol: 'A', id, price: '1', size: '1', aggressor: 'buy', atUs };
    ledger.add(item, 'v:A', `${id}`).due = true;
  }
  const run = { standIn: { ledger, vendor: { numbered: ['trade'] as const } }, skipped: () => new Map<string, number>() };
  const all = gaps.map((gap) => Gap.fromPartial({ source: 'v', stream, instruments: ['v:A'], fromUs: 1001 * SECOND_US, toUs: 1005 * SECOND_US, cause: 'outage', ...gap }));
  return findings(run, { rows, gaps: all, deadLetters: [], watermarks: new Map(), late: 0 }).length;
}

test.each([
  ['nothing where there is no gap', [], 3],
  ['all of its time where it gives no count', [{}], 0],
  ['nothing where all was fetched', [{ missed: 9, recovered: 9 }], 3],
  ['no more than what it says stays missing', [{ missed: 9, recovered: 7 }], 1],
  ['all where as many stay missing', [{ missed: 3 }], 0],
  ['what others do not: they add up', [{ missed: 2 }, { missed: 9, recovered: 9 }, { missed: 1 }], 0],
  ['each record once: one that ends early is taken first', [{ missed: 2 }, { missed: 1, toUs: 1002 * SECOND_US }], 0],
  ['no other time', [{ fromUs: 2000 * SECOND_US, toUs: 2001 * SECOND_US }], 3],
  ['no other instrument', [{ instruments: ['v:B'] }], 3],
  ['whatever a frame held, for frames are counted and not records', [{ stream: 'frame', missed: 1 }], 0],
])('a gap of records without numbers excuses %s', (_, gaps, left) => {
  expect(found('post', gaps)).toBe(left);
});

test.each([
  ['nothing without numbers of its own', [{}], 3],
  ['its numbers', [{ first: 2, last: 4, missed: 3 }], 0],
  ['no more than what it says stays missing', [{ first: 2, last: 4, missed: 3, recovered: 1 }], 1],
  ['nothing where all was fetched', [{ first: 2, last: 4, missed: 3, recovered: 3 }], 3],
  ['nothing that was published, and is found out', [{ first: 1, last: 4, missed: 4 }], 1],
])('a gap of numbered records excuses %s', (_, gaps, left) => {
  expect(found('trade', gaps)).toBe(left);
});

test.each([
  ['what came before the first number', [{}], 0],
  ['no other time', [{ toUs: 1002 * SECOND_US }], 2],
  ['no other instrument', [{ instruments: ['v:B'] }], 4],
  ['nothing where it is a count without numbers', [{ missed: 4 }], 4],
])('a gap that is told by time excuses of numbered records %s', (_, gaps, left) => {
  expect(found('trade', gaps, ['5'])).toBe(left);
});
