/** Posts of Bluesky from Jetstream, version 1 of its wire: one WebSocket with all posts of the network, gone on with by cursor. */
import { z } from 'zod';

import { keepConnected } from '../../connect/keep-connected.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { liveSource } from '../../live/source.ts';
import { liveOptions, liveSettings } from '../../options.ts';
import { createLivePosts } from '../../posts/live-posts.ts';
import { Stretch, type StretchState } from '../../posts/memory.ts';
import { postOptions } from '../../posts/options.ts';
import { duration } from '../../units.ts';
import { COLLECTION, jetstreamDecoder } from './decode.ts';

const options = z.strictObject({
  ...postOptions(),
  urls: z
    .array(z.url())
    .min(1)
    .default(['us-east', 'us-west'].flatMap((region) => [1, 2].map((n) => `wss://jetstream${n}.${region}.bsky.network/subscribe`)))
    .describe('Instances of Jetstream; each connection is to the next one'),
  replay: duration().default(3600e6).describe('How far back posts are asked for after an outage; what lies before is reported as a gap. Jetstream keeps 24 h or more'),
  rewind: duration().default(5e6).describe('How far behind its newest event a stream is gone on with: instances differ by so much at most. Repeats are dropped'),
  max_age: duration().default(3600e6).describe('A post that claims to be older when it comes is no news: people import their old ones'),
  silent_after: duration().default(40e6).describe('Without a byte for so long a connection is dead; Jetstream pings each 30 s'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  dropped: { immediate: 1, first: 1000, factor: 2, cap: 30_000, jitter: 0.5 },
  'http-error': { first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
  'rate-limited': { first: 5000, factor: 2, cap: 300_000 },
};

/** A request that Jetstream cannot understand will not be understood the next time. */
const REFUSALS = [400, 401, 403];

export const bluesky = defineSource({
  kind: 'bluesky',
  doc: {
    title: 'Bluesky posts, from Jetstream',
    gives: 'Posts, one record for each instrument they name, with language and hashed author. Replies and quotes count as posts; reposts and likes are not collected.',
    keys: 'none',
    limits: 'One connection, whatever is collected. Jetstream drops readers that are too slow: they go on by cursor.',
    gaps: 'After an outage or a restart the stream is gone on with at its cursor. A cursor that is too old, which Jetstream moves without a word, is noticed by the first event, and the time reported.',
    licence: 'Posts belong to their authors, who may delete them: keep and pass on no more than you need (docs/sources.md).',
  },
  options,
  create: (name, read, environment) => liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
});

/** What is kept in the cursor of the source. */
interface Position {
  readonly salt?: string;
  readonly stretch?: StretchState | null;
}

async function run(live: Live, read: Options): Promise<void> {
  const begun = (live.begunAt === null ? {} : JSON.parse(live.begunAt)) as Position;
  const stretch = new Stretch(BigInt(read.rewind), begun.stretch ?? undefined);
  const posts = await createLivePosts({ live, options: read, salt: begun.salt, stretches: [stretch] });
  // What is undefined is left out.
  const position = (): string => JSON.stringify({ salt: posts.salt, stretch });
  live.positions.moveSource(position);
  /** What the connection being opened was asked for: `last` is the event it must begin with or before; 0: that is not known. */
  const ask = { from: null as number | null, last: 0, leftOut: 0, isFirst: false };
  let connections = 0;

  function gap(fromUs: number, toUs: number, cause: string): void {
    live.gapClosed({ stream: 'post', instruments: [], fromUs, toUs, cause });
  }

  /** An instance that goes on at the cursor begins no later than with the event seen last. */
  function seen(timeUs: number): void {
    if (ask.isFirst && ask.last > 0 && timeUs > ask.last) gap(ask.last, timeUs, 'cursor');
    ask.isFirst = false;
    live.positions.moveSource(position);
  }
  const decode = jetstreamDecoder({ live, posts, stretch, maxAge: read.max_age, seen });

  await keepConnected(
    live,
    {
      name: `${live.name}/1`,
      url: () => {
        const url = new URL(read.urls[connections++ % read.urls.length]!);
        url.searchParams.set('wantedCollections', COLLECTION);
        const last = Number(stretch.last ?? 0n);
        const earliest = live.receipt() - read.replay;
        ask.from = stretch.resumeAt === null ? null : Math.max(Number(stretch.resumeAt), earliest);
        ask.leftOut = ask.from !== null && ask.from > last ? last : 0;
        ask.last = ask.leftOut > 0 ? 0 : last;
        if (ask.from !== null) url.searchParams.set('cursor', String(ask.from));
        return url.href;
      },
      allowPlainText: read.allow_plain_text,
      silentMs: read.silent_after / 1000,
      ladders: LADDERS,
      refusals: REFUSALS,
      connects: live.environment.limits.of('bluesky/connect', { limit: 10, perMs: 10_000 }),
      open: (channel) => {
        ask.isFirst = true;
        channel.confirmed();
        return { frame: (data) => decode(typeof data === 'string' ? data : Buffer.from(data).toString('utf8')) };
      },
      recovered: (fromUs, toUs) => {
        const since = fromUs === 0 ? live.publishedUpTo : fromUs;
        if (ask.from === null && since > 0) gap(since, toUs, 'outage');
        else if (ask.from !== null && ask.leftOut > 0) gap(ask.leftOut, ask.from, 'outage');
      },
    },
    live.signal,
  );
}
