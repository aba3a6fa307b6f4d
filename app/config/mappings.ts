/** Column mappings in the configuration, and as the replay source takes them. */
import { z } from 'zod';

import type { Mapping } from '#collectors';

const time = z.strictObject({
  column: z.string(),
  unit: z.enum(['s', 'ms', 'us', 'ns', 'iso']),
  plus_us: z.int().optional().describe('Added, microseconds: for bars stamped with the time of their opening'),
});

const instrument = z.union([
  z.strictObject({
    column: z.string(),
    prefix: z.string().optional().describe('Venue with its colon, binance:'),
    map: z.record(z.string(), z.string()).optional().describe('Replaces what the column says, before the prefix'),
    separator: z.string().optional().describe('Posts in CSV: splits the column into several instruments'),
  }),
  z.strictObject({ value: z.string() }),
]);

const kind = z.union([
  z.enum(['quote', 'trade', 'bar', 'post']),
  z.strictObject({
    column: z.string(),
    quote: z.string().optional(),
    trade: z.string().optional(),
    bar: z.string().optional(),
  }),
]);

const column = () => z.string().optional();

export const mappingSchema = z.strictObject({
  name: z.string().min(1),
  format: z.enum(['csv', 'ndjson']),
  delimiter: z.string().length(1).optional(),
  columns: z.array(z.string()).optional().describe('CSV without a header row: names of its columns'),
  instrument,
  event_time: time,
  receipt_time: time.optional().describe('Left out: the event time'),
  kind,
  sequence: column(),
  bid: column(),
  bid_size: column(),
  ask: column(),
  ask_size: column(),
  price: column(),
  size: column(),
  side: z.strictObject({ column: z.string(), buy: z.string(), sell: z.string() }).optional(),
  open: column(),
  high: column(),
  low: column(),
  close: column(),
  volume: column(),
  interval: z
    .union([z.strictObject({ column: z.string(), unit: z.enum(['s', 'ms', 'us']) }), z.strictObject({ us: z.int().positive() })])
    .optional(),
  post: z
    .strictObject({
      id: column(),
      text: z.string(),
      author: column(),
      language: column(),
      synthetic: z.union([z.string(), z.boolean()]).optional(),
    })
    .optional(),
});

type Configured = z.output<typeof mappingSchema>;

/** The same mapping without absent keys and with the names the source uses. */
export function mappingOf(from: Configured): Mapping {
  const { event_time, receipt_time, bid_size, ask_size, ...rest } = from;
  const timeOf = ({ plus_us, ...other }: z.output<typeof time>) => ({ ...other, plusUs: plus_us });
  const mapping = {
    ...rest,
    eventTime: timeOf(event_time),
    receiptTime: receipt_time && timeOf(receipt_time),
    bidSize: bid_size,
    askSize: ask_size,
  };
  // JSON drops what is undefined, at any depth.
  return JSON.parse(JSON.stringify(mapping)) as Mapping;
}
