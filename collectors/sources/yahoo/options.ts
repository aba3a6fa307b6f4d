/** Options of the kind `yahoo`. */
import { z } from 'zod';

import { instrumentsOption, liveOptions } from '../../options.ts';
import { secretSchema } from '../../secrets.ts';
import { duration } from '../../units.ts';

export const yahooOptions = z.strictObject({
  instruments: instrumentsOption('AAPL'),
  mode: z.enum(['stream', 'poll']).default('stream').describe('stream: its WebSocket; poll: its quotes over HTTP, where the WebSocket cannot be reached'),
  url: z.url().default('wss://streamer.finance.yahoo.com/?version=2').describe('Address of the streamer; without version=2 it speaks the older version, which is read, too'),
  symbols_per_connection: z.int().min(1).default(100).describe('The streamer leaves out what is beyond 100 without a word'),
  connections: z.int().min(1).default(20).describe('Connections at most; instruments beyond are not collected, and a note says so'),
  resubscribe: duration().default(15e6).describe('How often the subscriptions are sent again: that one got lost shows by nothing'),
  confirmed_after: duration().default(2e6).describe('It confirms no subscription: how long after it what happens comes for sure'),
  silent_after: duration().default(60e6).describe('Without a byte for so long the connection is dead, or a request given up; it is pinged three times meanwhile, since nothing comes while markets are closed'),
  connects_per_minute: z.int().min(1).default(30).describe('Connections opened in a minute'),
  max_snapshot_age: duration().default(60e6).describe('The price sent on subscribing is news only when it is no older'),
  max_age: duration().default(1800e6).describe('No price is news when it is older when it comes; delayed exchanges are 15 to 20 minutes behind'),
  rest_url: z.url().default('https://query2.finance.yahoo.com').describe('Address of charts and quotes'),
  backfill: duration().default(3600e6).describe('How far back minutes are fetched as bars after an outage of two minutes or more; 0s: not at all'),
  interval: duration().default(15e6).describe('Of poll: from the beginning of one round to the next'),
  symbols_per_request: z.int().min(1).default(50).describe('Of poll: instruments of one request'),
  requests_per_minute: z.int().min(1).default(60).describe('Cap on requests; Yahoo names none'),
  cookie_url: z.url().default('https://fc.yahoo.com').describe('Of poll: where a cookie is given'),
  cookie: secretSchema().optional().describe('Of poll: the Cookie header of a browser that has been to Yahoo, where none is given without consent'),
  user_agent: z.string().min(1).default('Mozilla/5.0 (compatible; foretick)').describe('Name that we go by; Yahoo refuses some'),
  ...liveOptions(),
});

export type YahooOptions = z.output<typeof yahooOptions>;
