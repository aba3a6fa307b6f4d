/** Every frame of half a minute of the real feed, 2021-04-17. */
import { describe, expect, test } from '@jest/globals';

import type { Channel } from '../../connect/connection.ts';
import { Rising } from '../../integrity/repeats.ts';
import { createNumbered } from '../../live/numbered.ts';
import { recordedFrames } from '../../testing/frames.ts';
import { testLive } from '../../testing/live.ts';
import { coinbaseRows, instrumentOf } from './decode.ts';
import { exchangeDecoder } from './exchange.ts';

const frames = recordedFrames('cryptofeed_COINBASE.ws.28.0.gz');
const PRODUCTS = ['SKL-USD', 'SKL-BTC', 'BAND-GBP', 'NMR-EUR', 'BAND-BTC', 'YFI-BTC', 'DASH-BTC', 'NU-GBP', 'CRV-EUR', 'SKL-GBP'];

interface Row {
  readonly instrument: string;
  readonly sequence: number;
  readonly eventTimeUs: number;
  readonly trade?: { readonly price: number; readonly size: number; readonly aggressor: string };
  readonly quote?: { readonly bid: number; readonly ask: number };
}

function decodeAll() {
  let confirmed = 0;
  const channel: Channel = {
    name: 'coinbase/1',
    send: () => undefined,
    confirmed: () => { confirmed++; },
    giveUp: (_, message) => { throw new Error(message); },
    replace: (message) => { throw new Error(message); },
    refuse: (message) => { throw new Error(message); },
  };
  const made = testLive({ name: 'coinbase' });
  const { live } = made;
  const trades = createNumbered(live, { stream: 'trade' });
  const rows = coinbaseRows({ live, trades, quotes: new Rising(), maxSnapshotAge: 10e6 });
  const { decode } = exchangeDecoder({ channel, rows, trades, collects: (product) => PRODUCTS.includes(product) });
  const written: Row[] = [];
  for (const { receipt, text } of frames!) {
    live.out.frame('recorded', text, receipt, () => decode(text));
    written.push(...made.take().map((line) => JSON.parse(line) as Row));
  }
  return { ...made, written, confirmed };
}

(frames ? describe : describe.skip)('recorded frames of Coinbase (skipped where the recording is absent)', () => {
  test('all 9,946 decode: counts by kind, no frame rejected, every record that is left out with its reason', () => {
    const { written, frames: counts, skipped, rejections, events, confirmed } = decodeAll();
    expect(frames).toHaveLength(9946);
    expect(Object.fromEntries(counts)).toEqual({ subscriptions: 3, snapshot: 10, ticker: 107, last_match: 10, l2update: 9719, match: 97 });
    expect(confirmed).toBe(3);
    expect(rejections).toEqual([]);
    expect(written.filter(({ trade }) => trade)).toHaveLength(97);
    // On subscribing came ten matches of before, and ten tickers of which four were older than 10 s.
    expect(written.filter(({ quote }) => quote)).toHaveLength(103);
    expect(Object.fromEntries(skipped)).toEqual({ stale: 14 });
    expect(events).toEqual([]);
  });

  test('values are those of the frames, to the last digit, and times to the microsecond', () => {
    const { written } = decodeAll();
    const first = written.find(({ trade }) => trade);
    expect(first).toEqual({
      instrument: 'coinbase:SKL-BTC',
      source: 'coinbase',
      eventTimeUs: 1_618_677_817_089_723,
      receiptTimeUs: 1_618_677_817_129_516,
      sequence: 280_232,
      trade: { price: 0.00001305, size: 985, aggressor: 'SIDE_BUY' },
    });
  });

  test('the side of a match is the maker\'s: the ticker of the same trade gives the opposite', () => {
    const { written } = decodeAll();
    const takers = new Map(
      frames!.map(({ text }) => JSON.parse(text) as Record<string, unknown>).filter(({ type }) => type === 'ticker').map((ticker) => [`${instrumentOf(String(ticker['product_id']))} ${String(ticker['trade_id'])}`, `SIDE_${String(ticker['side']).toUpperCase()}`]),
    );
    const compared = written.filter(({ trade }) => trade).map(({ instrument, sequence, trade }) => [takers.get(`${instrument} ${sequence}`), trade!.aggressor]).filter(([taker]) => taker !== undefined);
    expect(compared.length).toBeGreaterThan(90);
    for (const [taker, aggressor] of compared) expect(aggressor).toBe(taker);
  });

  test('trade ids of each product rise by one, and no quote is crossed', () => {
    const { written } = decodeAll();
    for (const product of PRODUCTS) {
      const ids = written.filter(({ instrument, trade }) => trade && instrument === instrumentOf(product)).map(({ sequence }) => sequence);
      ids.forEach((id, i) => { if (i > 0) expect(id).toBe(ids[i - 1]! + 1); });
    }
    for (const { quote } of written) if (quote) expect(quote.ask).toBeGreaterThan(quote.bid);
  });
});
