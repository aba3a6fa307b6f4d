/** Every recording we have, through its mapping: counts are those of the files, counted by other tools. */
import { describe, expect, test } from '@jest/globals';
import { TickKind } from '#proto';
import type { Emission } from '../port.ts';
import { BINANCE, sharedRecording } from '../testing/files.ts';
import { replaySource } from './source.ts';
import { withInstrument } from './presets.ts';
import { detectFile } from './recording.ts';

interface Counts {
  mapping: string;
  quotes: number;
  trades: number;
  bars: number;
  posts: number;
  rejected: number;
  byInstrument: Record<string, number>;
}

async function count(file: string, instrument?: string): Promise<Counts> {
  const detected = await detectFile(file);
  const mapping = instrument === undefined ? detected : withInstrument(detected, instrument);
  const kinds = [0, 0, 0];
  const byInstrument: Record<string, number> = {};
  let posts = 0;
  let rejected = 0;
  const add = (name: string): void => {
    byInstrument[name] = (byInstrument[name] ?? 0) + 1;
  };
  const emit = ({ ticks, posts: written = [] }: Emission): Promise<void> => {
    for (let i = 0; i < (ticks?.length ?? 0); i++) {
      kinds[ticks!.kind[i]!]!++;
      add(ticks!.instruments[ticks!.instrument[i]!]!);
    }
    posts += written.length;
    for (const post of written) add(post.instrument);
    return Promise.resolve();
  };
  await replaySource({ name: 'replay', file, mapping, speed: 'max' }).run({
    cursor: null,
    cursors: () => Promise.resolve(new Map()),
    observe: () => undefined,
    signal: new AbortController().signal,
    emit,
    reject: () => rejected++,
  });
  return {
    mapping: mapping.name,
    quotes: kinds[TickKind.QUOTE]!,
    trades: kinds[TickKind.TRADE]!,
    bars: kinds[TickKind.BAR]!,
    posts,
    rejected,
    byInstrument,
  };
}

test('Binance, quotes and trades', async () => {
  expect(await count(BINANCE)).toEqual({
    mapping: 'binance-l1',
    quotes: 38_968,
    trades: 11_032,
    bars: 0,
    posts: 0,
    rejected: 0,
    byInstrument: { 'binance:BTC-USDT': 24_404, 'binance:ETH-USDT': 13_838, 'binance:SOL-USDT': 11_758 },
  });
});

/** Skips, saying which file is not there. */
function onRecording(name: string, title: string, body: (file: string) => Promise<void>): void {
  const file = sharedRecording(name);
  if (file === null) test.skip(`${title}: ${name} is not here`, () => undefined);
  else test(title, () => body(file));
}

describe('recordings that may not be shipped', () => {
  onRecording('lean_fxcm_eurusd_ticks_201405.csv.gz', 'EURUSD quotes', async (file) => {
    const counts = await count(file, 'fxcm:EUR-USD');
    expect(counts).toMatchObject({ mapping: 'quotes-ms', quotes: 1_144_807, rejected: 0, byInstrument: { 'fxcm:EUR-USD': 1_144_807 } });
  });

  onRecording('lean_oanda_eurusd_ticks_201405.csv.gz', 'EURUSD quotes of another provider', async (file) => {
    expect(await count(file, 'oanda:EUR-USD')).toMatchObject({ quotes: 532_903, rejected: 0 });
  });

  onRecording('questdb_nasdaq_trades.csv.gz', 'Yahoo streamer', async (file) => {
    const counts = await count(file);
    expect(counts).toMatchObject({ mapping: 'yahoo-streamer', trades: 14_842, rejected: 0 });
    expect(counts.byInstrument).toEqual({
      'yahoo:AAPL': 1981, 'yahoo:AMD': 2395, 'yahoo:AMZN': 1757, 'yahoo:AVGO': 275, 'yahoo:GOOGL': 1262,
      'yahoo:META': 1122, 'yahoo:MSFT': 1320, 'yahoo:NVDA': 1973, 'yahoo:TSLA': 2757,
    });
  });

  onRecording('questdb_btc_trades.csv.gz', 'Coinbase trades', async (file) => {
    expect(await count(file)).toMatchObject({ mapping: 'coinbase-trades', trades: 5882, rejected: 0, byInstrument: { 'coinbase:BTC-USD': 5882 } });
  });

  onRecording('questdb_nasdaq_open_close.csv.gz', 'daily bars', async (file) => {
    expect(await count(file)).toMatchObject({ mapping: 'yahoo-daily', bars: 13_590, rejected: 0 });
  });

  onRecording('stocknet_tweets_201401_201507.ndjson.gz', 'tweets, one post for each cashtag', async (file) => {
    const counts = await count(file);
    expect(counts).toMatchObject({ mapping: 'tweets', posts: 165_825, rejected: 0 });
    expect(counts.byInstrument['yahoo:AAPL']).toBeGreaterThan(5000);
  });
});
