import { expect, test } from '@jest/globals';
import { TickKind, TickSide, type TickRow } from '#proto';
import { FeatureEngine, compactFeatures } from '#features';
import type { ReferenceEvent } from './testing/reference.ts';
import { START, foldAll } from './testing/streams.ts';

/** Worked examples: a few events, and one column of the last row, to be checked by hand. */

const at = (seconds: number, more: Partial<TickRow>): ReferenceEvent => ({
  type: 'tick',
  tick: { instrument: 'x:A', kind: TickKind.QUOTE, eventTime: START + seconds * 1e6, receiptTime: START + seconds * 1e6, ...more },
});
const mid = (seconds: number, price: number): ReferenceEvent => at(seconds, { bid: price, ask: price });
const buy = (seconds: number, size: number): ReferenceEvent => at(seconds, { kind: TickKind.TRADE, price: 1, size, side: TickSide.BUY });
const sell = (seconds: number, size: number): ReferenceEvent => at(seconds, { kind: TickKind.TRADE, price: 1, size, side: TickSide.SELL });
const post = (seconds: number): ReferenceEvent => ({ type: 'post', instrument: 'x:A', time: START + seconds * 1e6 });

const { LN2, SQRT2, log, exp, sqrt } = Math;
/** A price one basis point above 100, and ten. */
const ONE = 100 * exp(1e-4);
const TEN = 100 * exp(1e-3);

test.each<[string, string, ReferenceEvent[], number]>([
  ['return_bps', 'rises by 10 bps', [mid(0, 100), mid(1, TEN)], 10],
  ['return_bps', 'is 0 when a trade leaves the mid alone', [mid(0, 100), mid(1, TEN), buy(2, 1)], 0],
  ['reversion_1s_bps', 'is the whole move at first', [mid(0, 100), mid(5, TEN)], 10],
  ['reversion_1s_bps', 'is half of it a half-life later', [mid(0, 100), mid(5, TEN), mid(6, TEN)], 5],
  ['reversion_10s_bps', 'is half of it a half-life later', [mid(0, 100), mid(5, TEN), mid(15, TEN)], 5],
  ['reversion_10s_bps', 'takes no notice of how often a price is repeated', [mid(0, 100), mid(5, TEN), mid(7, TEN), mid(9, TEN), mid(15, TEN)], 5],
  ['reversion_10s_bps', 'nor of a price that held no time', [mid(0, 100), mid(5, 50), mid(5, TEN), mid(15, TEN)], 5],
  ['volatility_10s_bps', 'weighs a return by age', [mid(0, 100), mid(1, TEN), mid(11, TEN)], 10 * sqrt(LN2 / 2)],
  ['volatility_60s_bps', 'adds squares, also at equal times', [mid(0, 100), mid(1, ONE), mid(1, 100)], SQRT2 * sqrt(LN2)],
  ['zscore_30s', 'is 0 in a flat market', [mid(0, 100), mid(1, 100), mid(99, 100)], 0],
  // Half the weight lies on the old price, half on the new one: mean and deviation are both 5 bps.
  ['zscore_30s', 'is 1 at the upper of two equally weighted prices', [mid(0, 100), mid(0, TEN), mid(30, TEN)], 5 / sqrt(25 + 1e-4)],
  ['spread_bps', 'is relative to the mid', [at(0, { bid: 99, ask: 101 })], 200],
  ['spread_bps', 'is negative when crossed', [at(0, { bid: 101, ask: 99 })], -200],
  ['spread_bps', 'is that of the newest two-sided quote', [at(0, { bid: 99, ask: 101 }), at(1, { bid: 0, ask: 500 })], 200],
  ['imbalance', 'leans to the bid', [at(0, { bid: 1, ask: 2, bidSize: 3, askSize: 1 })], 0.5],
  ['imbalance', 'is 0 in an empty book', [at(0, { bid: 1, ask: 2 })], 0],
  ['microprice_bps', 'leans to the thinner side', [at(0, { bid: 99, ask: 101, bidSize: 3, askSize: 1 })], 50],
  ['flow_10s', 'is between -1 and 1', [buy(0, 3), sell(0, 1)], 0.5],
  ['flow_10s', 'forgets', [buy(0, 2), sell(10, 1)], 0],
  ['flow_10s', 'is 0 without trades', [mid(0, 100)], 0],
  ['trade_intensity_10s', 'counts trades, not bars', [buy(0, 1), buy(10, 1), at(10, { kind: TickKind.BAR, price: 1, size: 5 })], (1.5 * LN2) / 10],
  ['inter_arrival_log', 'counts milliseconds', [mid(0, 100), mid(0.5, 100)], log(501)],
  ['inter_arrival_log', 'is 0 for an event out of order', [mid(5, 100), mid(0, 100)], 0],
  ['posts_5m', 'decays to the tick', [post(0), post(300), mid(600, 100)], 0.75],
  ['posts_5m', 'is 0 without posts', [mid(0, 100)], 0],
  ['post_burst', 'is above 0 at first', [post(0), mid(0, 100)], log(2 / (1 + 1 / 12))],
  ['post_burst', 'is 0 without posts', [mid(0, 100)], 0],
  ['post_age_log', 'counts seconds', [post(0), post(10), mid(40, 100)], log(31)],
  ['post_age_log', 'is a week without posts', [mid(0, 100)], log(604801)],
])('%s %s', (name, _, events, expected) => {
  const row = foldAll(new FeatureEngine(compactFeatures), events).at(-1)!;
  expect(row[compactFeatures.names.indexOf(name)]).toBeCloseTo(expected, 4);
});
