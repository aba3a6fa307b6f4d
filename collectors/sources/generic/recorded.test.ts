/** Recorded frames of Bitstamp and Gemini, decoded by the configuration in examples/generic.yaml. */
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

import type { Channel } from '../../connect/connection.ts';
import type { FeedSession } from '../../connect/feeds.ts';
import { recordedFrames } from '../../testing/frames.ts';
import { testLive } from '../../testing/live.ts';
import { websocketOptions } from '../websocket/options.ts';
import { sessions } from '../websocket/session.ts';
import { createPublisher } from './publish.ts';
import { reader } from './read.ts';

interface Row {
  readonly instrument: string;
  readonly sequence: number;
  readonly eventTimeUs: number;
  readonly trade?: { readonly price: number; readonly size: number; readonly aggressor: string };
}

const example = parse(readFileSync(new URL('../../../examples/generic.yaml', import.meta.url), 'utf8')) as { sources: Record<string, unknown>[] };

/** @param more settings in place of those of the example */
async function decodeAll(source: string, frames: readonly { readonly receipt: number; readonly text: string }[], more: Readonly<Record<string, unknown>> = {}) {
  const { name, kind, ...rest } = example.sources.find((one) => one['name'] === source)!;
  const options = websocketOptions.parse({ ...rest, symbols: {}, ...more });
  const made = testLive({ name: String(name) });
  const { live } = made;
  let confirmed = 0;
  const refusals: string[] = [];
  const channel: Channel = {
    name: `${String(kind)}/1`,
    send: () => undefined,
    confirmed: () => { confirmed++; },
    giveUp: (_, message) => { refusals.push(message); },
    replace: (message) => { refusals.push(message); },
    refuse: (message) => { refusals.push(message); },
  };
  const { instruments } = options;
  const publisher = createPublisher({ live, ...options, maxSnapshotAge: 10e6, nameOf: (symbol) => (instruments.includes(symbol) ? symbol : null) });
  const scope = { symbols: instruments, subscribe: () => undefined, collects: () => true };
  const keys = { load: () => Promise.resolve(), fill: (text: string) => text };
  const session: FeedSession = sessions({ live, options, keys, publisher, read: reader(options.records), messages: (names) => names.length * 2, wire: (symbol) => symbol })(channel, scope);
  // It subscribes when the feed knows of it.
  await Promise.resolve();
  const rows: Row[] = [];
  for (const { receipt, text } of frames) {
    live.out.frame('recorded', text, receipt, () => session.frame(text));
    rows.push(...made.take().map((line) => JSON.parse(line) as Row));
  }
  session.ended?.({ cause: 'closed', code: 1000, message: '', retryAfterMs: null });
  return { ...made, rows, confirmed, refusals };
}

const bitstamp = recordedFrames('cryptofeed_BITSTAMP.ws.1.0.gz');
const PAIRS = ['sgbeur', 'ethusd', 'xrpeur', 'bateur', 'usdteur', 'usdtusd', 'xlmgbp', 'adaeur', 'batbtc', 'galaeur'];
const others = [{ name: 'book', when: { '/event': 'data' } }];

(bitstamp ? describe : describe.skip)('recorded frames of Bitstamp (skipped where the recording is absent)', () => {
  // Recorded were the changes of the book, which are no quotes, and not the books.
  const settings = { instruments: PAIRS, others, records: (example.sources[0]!['records'] as unknown[]).slice(0, 1) };

  test('all 747 decode: counts by kind, no frame rejected', async () => {
    const { rows, frames, skipped, rejections, confirmed, refusals } = await decodeAll('bitstamp', bitstamp!, settings);
    expect(bitstamp).toHaveLength(747);
    expect(Object.fromEntries(frames)).toEqual({ confirmation: 20, book: 717, trade: 10 });
    expect([rejections, refusals, Object.fromEntries(skipped)]).toEqual([[], [], {}]);
    expect(rows).toHaveLength(10);
    // Twenty messages, the last of twenty confirmations.
    expect(confirmed).toBe(1);
  });

  test('values are those of the frames, and the side is that of the later order', async () => {
    const { rows } = await decodeAll('bitstamp', bitstamp!, settings);
    expect(rows[0]).toEqual({
      instrument: 'bitstamp:ethusd',
      source: 'bitstamp',
      eventTimeUs: 1_641_343_699_596_000,
      receiptTimeUs: 1_641_343_699_529_292,
      sequence: 216_000_477,
      trade: { price: 3805.44, size: 0.0792, aggressor: 'SIDE_BUY' },
    });
    const orders = bitstamp!.map(({ text }) => JSON.parse(text) as { event: string; data: { id: number; buy_order_id: number; sell_order_id: number } }).filter(({ event }) => event === 'trade');
    const later = new Map(orders.map(({ data }) => [data.id, data.buy_order_id > data.sell_order_id ? 'SIDE_BUY' : 'SIDE_SELL']));
    for (const { sequence, trade } of rows) expect(trade!.aggressor).toBe(later.get(sequence));
  });

  test('without a rule for the book its frames are dead letters, the rest as before', async () => {
    const { rows, frames, rejections } = await decodeAll('bitstamp', bitstamp!, { ...settings, others: [] });
    expect(Object.fromEntries(frames)).toEqual({ confirmation: 20, rejected: 717, trade: 10 });
    expect(rejections).toHaveLength(717);
    expect(rejections[0]!.message).toBe('no rule of the configuration explains it');
    expect(rows).toHaveLength(10);
  });
});

const gemini = recordedFrames('cryptofeed_GEMINI.ws.1.0.gz');

(gemini ? describe : describe.skip)('recorded frames of Gemini (skipped where the recording is absent)', () => {
  const settings = { instruments: ['BTCGBP', 'LINKETH', 'FILUSD', 'ZECLTC', 'BATBTC', 'ETHEUR', 'LTCETH', 'GRTUSD', 'ANKRUSD', 'ALCXUSD'] };

  test('all 678 decode: counts by kind, no frame rejected, every record that is left out with its reason', async () => {
    const { rows, frames, skipped, rejections, refusals } = await decodeAll('gemini', gemini!, settings);
    expect(gemini).toHaveLength(678);
    // Ten of the 655 frames of the book hold the trades of before.
    expect(Object.fromEntries(frames)).toEqual({ trade: 26, book: 645, heartbeat: 7 });
    expect([rejections, refusals]).toEqual([[], []]);
    expect(rows).toHaveLength(16);
    // Of each of ten instruments the newest is where the stream begins, and 49 are older.
    expect(Object.fromEntries(skipped)).toEqual({ stale: 10, repeat: 490 });
  });

  test('values are those of the frames, and buyers paid what was asked', async () => {
    const { rows } = await decodeAll('gemini', gemini!, settings);
    expect(rows[0]).toEqual({
      instrument: 'gemini:ANKRUSD',
      source: 'gemini',
      eventTimeUs: 1_624_493_670_759_000,
      receiptTimeUs: 1_624_493_670_760_541,
      sequence: 45_465_818_387,
      trade: { price: 0.07946, size: 1020.482111, aggressor: 'SIDE_BUY' },
    });
    const asks = new Map<string, Map<string, string>>();
    const byId = new Map(rows.map((row) => [row.sequence, row]));
    for (const { text } of gemini!) {
      const frame = JSON.parse(text) as { type: string; symbol: string; changes?: [string, string, string][]; event_id?: number };
      const book = asks.get(frame.symbol) ?? new Map<string, string>();
      asks.set(frame.symbol, book);
      for (const [, price, size] of (frame.changes ?? []).filter(([side]) => side === 'sell')) {
        if (Number(size) === 0) book.delete(price);
        else book.set(price, size);
      }
      const row = frame.type === 'trade' ? byId.get(frame.event_id!) : undefined;
      if (row) {
        expect(row.trade!.aggressor).toBe('SIDE_BUY');
        expect(row.trade!.price).toBeGreaterThanOrEqual(Math.min(...[...book.keys()].map(Number)));
      }
    }
  });
});
