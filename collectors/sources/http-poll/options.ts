/** Options of the kind `http-poll`. */
import { z } from 'zod';

import { instrumentsOption, liveOptions } from '../../options.ts';
import { duration } from '../../units.ts';
import { genericOptions } from '../generic/schema.ts';

const most = z.int().min(1).max(1000).default(10).describe('Pages of one round at most; what lies beyond is reported as a gap');
const parameter = (example: string) => z.string().min(1).describe(`Parameter of the address that asks for it: ${example}`);
const at = (example: string) => z.string().regex(/^\/.*$/, 'a JSON pointer such as /next').describe(`Where it stands in the body: ${example}`);

const pagingSchema = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('older'), parameter: parameter('before'), most }).describe('The lowest number of a page asks for the page before it'),
  z.strictObject({ by: z.literal('token'), at: at('/next_page_token'), parameter: parameter('page_token'), most }).describe('The body says what asks for the next page'),
  z.strictObject({ by: z.literal('link'), at: at('/next'), most }).describe('The body holds the address of the next page, on the same host'),
  z.strictObject({ by: z.literal('page'), parameter: parameter('page'), first: z.int().min(0).default(1).describe('Number of the newest page'), most }).describe('Pages have numbers'),
]);

export const pollOptions = z.strictObject({
  instruments: instrumentsOption('BTC-USD'),
  url: z
    .string()
    .min(1)
    .describe('Address: {instrument} in it makes one request an instrument, {instruments} one for several, with commas between; {key.NAME} is a key'),
  ...genericOptions(),
  interval: duration().default(5e6).describe('From the beginning of one round of requests to the next'),
  instruments_per_request: z.int().min(1).default(50).describe('Instruments of one request, with {instruments}'),
  paging: pagingSchema.optional().describe('How older pages are asked for, newest first, until a record is known; left out: there are none'),
  page_size: z.int().min(1).optional().describe('Records of a full page: one with fewer is the last'),
  since: z.string().min(1).optional().describe('Parameter of the address that asks for what is above the highest number so far'),
  conditional: z.boolean().default(true).describe('Ask with the ETag or the time of the last answer, so that an unchanged one is not sent again'),
  max_snapshot_age: duration().default(60e6).describe('A quote is news only when it is no older'),
  silent_after: duration().default(10e6).describe('Without an answer for so long a request is given up'),
  max_body_bytes: z.int().min(1024).default(8 * 1024 * 1024).describe('Longer answers are refused'),
  requests_per_minute: z.int().min(1).default(60).describe('The vendor\'s cap on requests, of all sources that name it'),
  cap: z.string().min(1).optional().describe('Name of the cap, for sources that share one; left out: the name of the source'),
  ...liveOptions(),
});

export type PollOptions = z.output<typeof pollOptions>;
