/** Column mappings of recordings that are met often, and choosing one by the columns of a file. */
import { fail } from '#proto';
import { columnsOf, type Mapping } from './mapping.ts';

const DAY_US = 86_400_000_000;

export const PRESETS: readonly Mapping[] = [
  {
    // examples/recordings/binance_spot_l1_trades_20250325.csv.gz
    name: 'binance-l1',
    format: 'csv',
    instrument: {
      column: 'symbol',
      prefix: 'binance:',
      map: { BTCUSDT: 'BTC-USDT', ETHUSDT: 'ETH-USDT', SOLUSDT: 'SOL-USDT' },
    },
    eventTime: { column: 'exch_ns', unit: 'ns' },
    receiptTime: { column: 'recv_ns', unit: 'ns' },
    kind: { column: 'type', quote: 'q', trade: 't' },
    sequence: 'trade_id',
    bid: 'bid',
    bidSize: 'bid_qty',
    ask: 'ask',
    askSize: 'ask_qty',
    price: 'price',
    size: 'qty',
    side: { column: 'side', buy: 'Buy', sell: 'Sell' },
  },
  {
    // Best bid and ask of one instrument, which is given beside the file.
    name: 'quotes-ms',
    format: 'csv',
    instrument: { value: '' },
    eventTime: { column: 'ts_ms_utc', unit: 'ms' },
    kind: 'quote',
    bid: 'bid',
    ask: 'ask',
  },
  {
    // Decoded messages of Yahoo's streamer. Its dayVolume is a running total, not the size of a trade.
    name: 'yahoo-streamer',
    format: 'csv',
    instrument: { column: 'id', prefix: 'yahoo:' },
    eventTime: { column: 'timestamp', unit: 'iso' },
    kind: 'trade',
    price: 'price',
  },
  {
    name: 'coinbase-trades',
    format: 'csv',
    instrument: { column: 'symbol', prefix: 'coinbase:' },
    eventTime: { column: 'timestamp', unit: 'iso' },
    kind: 'trade',
    price: 'price',
    size: 'amount',
    side: { column: 'side', buy: 'buy', sell: 'sell' },
  },
  {
    // Stamped with the day; a bar is an event at the moment it closes.
    name: 'yahoo-daily',
    format: 'csv',
    instrument: { column: 'Ticker', prefix: 'yahoo:' },
    eventTime: { column: 'Timestamp', unit: 'iso', plusUs: DAY_US },
    kind: 'bar',
    open: 'Open',
    high: 'High',
    low: 'Low',
    close: 'Close',
    volume: 'Volume',
    interval: { us: DAY_US },
  },
  {
    // One post for each cashtag of a tweet.
    name: 'tweets',
    format: 'ndjson',
    instrument: { column: 'sym', prefix: 'yahoo:' },
    eventTime: { column: 't', unit: 'ms' },
    kind: 'post',
    post: { id: 'id', text: 'text', author: 'uid', language: 'lang' },
  },
];

export function presetOf(name: string): Mapping | undefined {
  return PRESETS.find((preset) => preset.name === name);
}

/** The same mapping for a recording of this one instrument. */
export function withInstrument(mapping: Mapping, instrument: string): Mapping {
  return { ...mapping, instrument: { value: instrument } };
}

/** What a file shows at its beginning. */
export interface Layout {
  readonly format: 'csv' | 'ndjson';
  readonly columns: readonly string[];
}

/** @throws UNKNOWN_FORMAT when a column that the mapping names is not there */
export function requireColumns(mapping: Mapping, present: readonly string[]): void {
  const lacks = columnsOf(mapping).filter((column) => !present.includes(column));
  if (lacks.length === 0) return;
  const message = `mapping ${mapping.name} names ${lacks.join(', ')}; the columns are ${present.join(', ')}`;
  throw fail('UNKNOWN_FORMAT', message, { details: { columns: present, candidates: [mapping.name] } });
}

/**
 * The one mapping all of whose columns are there.
 * @throws UNKNOWN_FORMAT when none fits, or several do
 */
export function detectMapping(layout: Layout, mappings: readonly Mapping[] = PRESETS): Mapping {
  const present = new Set(layout.columns);
  const candidates = mappings.filter((mapping) => mapping.format === layout.format && mapping.columns === undefined);
  const fitting = candidates.filter((mapping) => columnsOf(mapping).every((column) => present.has(column)));
  if (fitting.length === 1) return fitting[0]!;
  const columns = layout.columns.join(', ');
  if (fitting.length > 1) {
    const names = fitting.map(({ name }) => name);
    throw fail('UNKNOWN_FORMAT', `The columns ${columns} fit several mappings: ${names.join(', ')}. Name one.`, {
      details: { columns: layout.columns, candidates: names },
    });
  }
  const missing = candidates.map((mapping) => {
    const lacks = columnsOf(mapping).filter((column) => !present.has(column));
    return `${mapping.name} (lacks ${lacks.join(', ')})`;
  });
  throw fail('UNKNOWN_FORMAT', `No ${layout.format} mapping fits the columns ${columns}: ${missing.join('; ') || 'there is none'}.`, {
    details: { columns: layout.columns, candidates: candidates.map(({ name }) => name) },
  });
}
