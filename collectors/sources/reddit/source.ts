/** Posts and comments of subreddits, from Reddit's listings of what is new. */
import { z } from 'zod';


import type { Ladders } from '../../connect/ladder.ts';
import { poll } from '../../connect/poll.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { liveSource } from '../../live/source.ts';
import { liveOptions, liveSettings } from '../../options.ts';
import { createLivePosts } from '../../posts/live-posts.ts';
import { Stretch, type StretchState } from '../../posts/memory.ts';
import { postOptions } from '../../posts/options.ts';
import { secretSchema } from '../../secrets.ts';
import { duration } from '../../units.ts';
import { createApi } from './api.ts';
import { positionAt } from './decode.ts';
import { createListing } from './listing.ts';
import { Recent } from './recent.ts';

const options = z.strictObject({
  ...postOptions(),
  subreddits: z.array(z.string().regex(/^\w{2,21}$/, 'a name without r/')).min(1).describe('Whose posts and comments are read, without r/: stocks'),
  listings: z.array(z.enum(['new', 'comments'])).min(1).default(['new', 'comments']).describe('new: posts; comments: comments'),
  client_id: secretSchema().describe('Id of an app of Reddit (script or web app)'),
  client_secret: secretSchema().describe('Secret of the app'),
  username: z.string().regex(/^[\w-]{3,20}$/, 'a name without u/').describe('Whose app it is, without u/: stands in the User-Agent, which Reddit requires'),
  app: z.string().regex(/^[\w.-]{1,60}$/).default('foretick').describe('Id of the app in the User-Agent'),
  url: z.url().default('https://oauth.reddit.com').describe('Address of the API'),
  token_url: z.url().default('https://www.reddit.com/api/v1/access_token').describe('Address of its tokens'),
  interval: duration().default(15e6).describe('Time between two readings of a listing'),
  rewind: duration().default(120e6).describe('How far behind its newest thing a listing is read again each time: late ones, edits and removals are noticed so long'),
  requests_per_minute: z.int().min(1).default(100).describe('Reddit\'s cap on requests of an app'),
  listing_size: z.int().min(100).default(1000).describe('Things that Reddit keeps in a listing; what is beyond is reported as a gap'),
  silent_after: duration().default(10e6).describe('A request without an answer for so long has failed'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  'http-error': { first: 2000, factor: 2, cap: 120_000, jitter: 0.5 },
  'rate-limited': { first: 10_000, factor: 2, cap: 600_000 },
};

export const reddit = defineSource({
  kind: 'reddit',
  doc: {
    title: 'Posts and comments of subreddits',
    gives: 'Posts (title and text) and comments of the subreddits, one record for each instrument they name, with hashed author.',
    keys: 'Id and secret of an app of Reddit, and the name of the account whose app it is.',
    limits: '100 requests a minute of an app, shared by all listings; two listings a subreddit, 100 things a request.',
    gaps: 'After an outage or a restart each listing is read back to where it was, 1000 things at most; what is beyond is reported as a time.',
    licence: 'Reddit\'s Data API terms: what is deleted there has to be deleted, and nothing may be passed on (docs/sources.md).',
  },
  options,
  create: (name, read, environment) => liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
});

/** What is kept in the cursor of the source. */
interface Position {
  readonly salt?: string;
  readonly listings?: Readonly<Record<string, { readonly stretch: StretchState | null; readonly recent: readonly (readonly [string, string])[] }>>;
}

async function run(live: Live, read: Options): Promise<void> {
  const { signal, environment } = live;
  const begun = (live.begunAt === null ? {} : JSON.parse(live.begunAt)) as Position;
  const names = [...new Set(read.subreddits.map((name) => name.toLowerCase()))];
  const paths = names.flatMap((name) => [...new Set(read.listings)].map((listing) => `/r/${name}/${listing}`));
  const listings = new Map(
    paths.map((path) => {
      const before = begun.listings?.[path];
      const stretch = new Stretch(positionAt(read.rewind), before?.stretch ?? undefined);
      return [path, { stretch, recent: new Recent(stretch, before?.recent ?? []) }] as const;
    }),
  );
  const posts = await createLivePosts({ live, options: read, salt: begun.salt, stretches: [...listings.values()].map(({ stretch }) => stretch) });
  const position = (): string => JSON.stringify({ salt: posts.salt, listings: Object.fromEntries(listings) });
  const moved = (): void => { live.positions.moveSource(position); };
  moved();
  const api = createApi({
    live,
    url: read.url,
    tokenUrl: read.token_url,
    allowPlainText: read.allow_plain_text,
    clientId: read.client_id,
    clientSecret: read.client_secret,
    userAgent: `node:${read.app}:v0.1 (by /u/${read.username})`,
    limiter: environment.limits.of(`reddit/${new URL(read.url).host}`, { limit: read.requests_per_minute, perMs: 60_000 }),
    timeoutMs: read.silent_after / 1000,
  });

  const ending = new AbortController();
  const all = AbortSignal.any([signal, ending.signal]);
  const follow = async (path: string): Promise<void> => {
    const { stretch, recent } = listings.get(path)!;
    const listing = createListing({ live, api, posts, stretch, recent, path, most: read.listing_size, moved });
    /** Receipt time of the last good reading, of this run or an earlier one; 0: there was none. */
    let goodUs = stretch.last === null ? 0 : live.publishedUpTo;
    const round = async (): Promise<void> => {
      const published = await listing.read();
      const nowUs = live.receipt();
      if (goodUs > 0 && published > 0 && nowUs - goodUs > 3 * read.interval) live.gapClosed({ stream: 'post', instruments: [], missed: published, recovered: published, fromUs: goodUs, toUs: nowUs, cause: 'outage' });
      goodUs = nowUs;
    };
    try {
      await poll(
        live,
        {
          name: `${live.name}${path}`,
          intervalMs: read.interval / 1000,
          ladders: LADDERS,
          round,
        },
        all,
      );
    } finally {
      ending.abort();
    }
  };
  await Promise.all(paths.map(follow));
}
