/** Options that all live sources share: spread into the options of a kind. */
import { z } from 'zod';

import type { LiveOptions } from './live/source.ts';
import { duration } from './units.ts';

export const liveOptions = () => ({
  allow_plain_text: z.boolean().default(false).describe('Accept addresses without TLS: only for servers of your own'),
  watermark_interval: duration().default(1e6).describe('Time between two watermarks in every partition'),
  linger: duration().default(5e3).describe('How long rows wait for others to be written with them'),
  buffer_rows: z.int().min(64).max(1_000_000).default(8192).describe('Rows between vendor and queue: from half of it on the vendor is read no faster than the queue takes'),
});

/** @param example of a symbol, as it stands in ids behind the venue */
export const instrumentsOption = (example: string) =>
  z
    .array(z.string().min(1).max(200))
    .default([])
    .describe(`What is collected, as in instrument ids but without the venue: ${example}; left out: what foretick subscribe says`);

/** What `liveSource` takes of them. */
export function liveSettings(options: { watermark_interval: number; linger: number; buffer_rows: number }): Pick<LiveOptions, 'watermarkUs' | 'lingerUs' | 'bufferRows'> {
  return { watermarkUs: options.watermark_interval, lingerUs: options.linger, bufferRows: options.buffer_rows };
}
