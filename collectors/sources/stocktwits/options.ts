/** Options of the kind `stocktwits`. */
import { z } from 'zod';

import { liveOptions } from '../../options.ts';
import { postOptions } from '../../posts/options.ts';
import { duration } from '../../units.ts';

export const stockTwitsOptions = z.strictObject({
  ...postOptions(),
  instruments: z.array(z.string().min(1).max(200)).min(1).describe('Ids of the instruments whose streams are followed: nasdaq:AAPL for AAPL, nyse:BRK-B for BRK.B, coinbase:BTC-USD for BTC.X'),
  symbols: z.record(z.string(), z.string().regex(/^[A-Z0-9._-]{1,20}$/, 'a symbol such as BTC.X')).default({}).describe('StockTwits\' symbols of instruments where they are others: { xetra:APC: AAPL }'),
  url: z.url().default('https://api.stocktwits.com/api/2').describe('Address of the interface'),
  tag: z.boolean().default(true).describe('The tag that its author gave a post, Bullish or Bearish, is the last line of its text'),
  interval: duration().default(60e6).describe('From the beginning of one round of requests to the next; longer where requests_per_hour asks for it'),
  pages: z.int().min(1).max(1000).default(10).describe('Pages of 30 posts that are asked for to reach the newest post that is known; what lies beyond is reported as a gap'),
  replay: duration().default(86_400e6).describe('What is older when it comes is no news, and is reported as a gap'),
  requests_per_hour: z.int().min(1).default(200).describe('Cap on requests, of all sources of this kind together'),
  silent_after: duration().default(10e6).describe('Without an answer for so long a request is given up'),
  ...liveOptions(),
});

export type StockTwitsOptions = z.output<typeof stockTwitsOptions>;
