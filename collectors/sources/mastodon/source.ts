/** Posts of a Mastodon server: its streams of server-sent events, and its timelines for what they missed. */
import { z } from 'zod';

import { fail } from '#proto';

import type { ConnectionPlan } from '../../connect/connection.ts';
import { fetchText } from '../../connect/http.ts';
import { keepConnected } from '../../connect/keep-connected.ts';
import type { Ladders } from '../../connect/ladder.ts';
import type { Limiter } from '../../connect/limits.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { liveSource } from '../../live/source.ts';
import { liveOptions, liveSettings } from '../../options.ts';
import { createLivePosts } from '../../posts/live-posts.ts';
import { Stretch, type StretchState } from '../../posts/memory.ts';
import { postOptions } from '../../posts/options.ts';
import { secretSchema } from '../../secrets.ts';
import { duration } from '../../units.ts';
import { frameText } from '../../values/fields.ts';
import { mastodonBackfill } from './backfill.ts';
import { mastodonDecoder, idAt, timeOfId } from './decode.ts';
import { streamingUrl, streamsOf, type Stream } from './streams.ts';

const options = z.strictObject({
  ...postOptions(),
  url: z.url().default('https://mastodon.social').describe('Address of the server'),
  streaming_url: z.url().optional().describe('Address of its streams; left out: what the server says'),
  access_token: secretSchema().optional().describe('Token of an application of an account there: streams need one on many servers, timelines on some'),
  stream: z.enum(['public', 'public:local', 'public:remote', 'hashtag']).default('public').describe('All public posts that the server knows, those of its own accounts, those of others, or those with a hashtag'),
  hashtags: z.array(z.string().regex(/^[\p{L}\p{N}_]+$/u, 'a hashtag without its #')).max(40).default([]).describe('Of the stream hashtag: without #; one connection each'),
  replay: duration().default(3600e6).describe('How far back posts are fetched after an outage; what lies before is reported as a gap'),
  rewind: duration().default(60e6).describe('How far behind its newest post a stream is gone on with: posts of other servers arrive late. Repeats are dropped'),
  backfill_limit: z.int().min(40).default(2000).describe('Posts fetched after one outage of a stream, 40 a request; what there is beyond is reported as a gap'),
  requests: z.int().min(1).default(300).describe('The server\'s cap on requests in 5 minutes'),
  silent_after: duration().default(40e6).describe('Without a byte for so long a connection is dead; Mastodon sends a comment each 15 s'),
  ...liveOptions(),
});

type Options = z.output<typeof options>;

const LADDERS: Ladders = {
  dropped: { immediate: 1, first: 1000, factor: 2, cap: 30_000, jitter: 0.5 },
  'http-error': { first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
  'rate-limited': { first: 5000, factor: 2, cap: 300_000 },
};

/** No token, a bad one, or a stream that does not exist. */
const REFUSALS = [400, 401, 403, 404, 422];

export const mastodon = defineSource({
  kind: 'mastodon',
  doc: {
    title: 'Posts of a Mastodon server',
    gives: 'Public posts that the server knows, one record for each instrument they name, with language and hashed author. Boosts are not collected.',
    keys: 'An access token of an account on the server; old servers stream without one',
    limits: '300 requests in 5 minutes, for missed posts; one connection a hashtag.',
    gaps: 'Streams cannot be gone on with. After an outage or a restart missed posts are fetched from the timeline, up to backfill_limit; what is left is reported as a time. Missed edits are not noticed.',
    licence: 'Posts belong to their authors, servers have their own terms, and many authors do not want to be collected (docs/sources.md).',
  },
  options,
  create: (name, read, environment) => {
    // Asked once for each process, not at each start of the source.
    const found = { streaming: read.streaming_url ?? null };
    return liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read, found) });
  },
});

/** What is kept in the cursor of the source. */
interface Position {
  readonly salt?: string;
  readonly streams?: Readonly<Record<string, StretchState | null>>;
}

async function run(live: Live, read: Options, found: { streaming: string | null }): Promise<void> {
  const { signal, environment } = live;
  const server = new URL(read.url);
  const rest = environment.limits.of(`mastodon/${server.host}/rest`, { limit: read.requests, perMs: 300_000 });
  const headers = async (): Promise<Readonly<Record<string, string>>> => ({
    'user-agent': 'foretick',
    ...(read.access_token && { authorization: `Bearer ${(await environment.secret(read.access_token)).reveal()}` }),
  });
  const begun = (live.begunAt === null ? {} : JSON.parse(live.begunAt)) as Position;
  const streams = streamsOf(read);
  if (streams.length === 0) throw fail('CONFIG_INVALID', `source ${live.name} collects nothing: the stream hashtag needs hashtags`);
  const stretches = new Map(streams.map(({ key }) => [key, new Stretch(idAt(read.rewind), begun.streams?.[key] ?? undefined)]));
  const posts = await createLivePosts({ live, options: read, salt: begun.salt, stretches: [...stretches.values()] });
  /** Of each stream that stands: until when all is known to have come, microseconds. */
  const standing = new Map<Stretch, () => number>();
  const position = (): string => {
    for (const [stretch, upToUs] of standing) if (!stretch.held) stretch.advance(idAt(upToUs()));
    return JSON.stringify({ salt: posts.salt, streams: Object.fromEntries(stretches) });
  };
  const moved = (): void => { live.positions.moveSource(position); };
  moved();
  found.streaming ??= await discover(live, read, rest, await headers());
  const streaming = found.streaming;

  const ending = new AbortController();
  const all = AbortSignal.any([signal, ending.signal]);
  const follow = async (stream: Stream): Promise<void> => {
    const stretch = stretches.get(stream.key)!;
    const timeline = new URL(stream.timeline, server);
    // From here to the connection something is missing.
    stretch.hold();
    const beside = (tags: readonly string[]): Stretch[] => tags.flatMap((tag) => (`hashtag:${tag}` === stream.key ? [] : (stretches.get(`hashtag:${tag}`) ?? [])));
    const backfill = mastodonBackfill({ live, posts, stretch, timeline, allowPlainText: read.allow_plain_text, headers, limiter: rest, replay: read.replay, limit: read.backfill_limit, moved, beside });
    /** How far what is read lies behind: what was sent before a post came before it. */
    let behindUs = 0;
    const decode = mastodonDecoder({ live, posts, stretch, moved, beside, seen: (id) => { behindUs = Math.min(behindUs, Math.max(0, live.out.receipt - timeOfId(id))); } });
    const free = live.out.onHeld((held) => {
      if (held) behindUs = Infinity;
    });
    const plan = {
      name: `${live.name}/${stream.key}`,
      transport: 'events',
      url: () => new URL(stream.path, streaming).href,
      headers,
      allowPlainText: read.allow_plain_text,
      silentMs: read.silent_after / 1000,
      ladders: LADDERS,
      refusals: REFUSALS,
      connects: environment.limits.of(`mastodon/${server.host}/connect`, { limit: 10, perMs: 10_000 }),
      open: (channel) => {
        stretch.hold();
        behindUs = 0;
        channel.confirmed();
        return {
          frame: (data) => decode(frameText(data)),
          ended: () => {
            standing.delete(stretch);
            stretch.hold();
          },
        };
      },
      recovered: (fromUs, toUs) => {
        const since = fromUs === 0 ? live.publishedUpTo : fromUs;
        if (stretch.held) backfill();
        else if (since > 0) live.gapClosed({ stream: 'post', instruments: [], fromUs: since, toUs, cause: 'outage' });
        // A stream begins here, whether somebody posts or not: what an outage takes before its first post can be fetched, too.
        if (stretch.last === null) stretch.reach(idAt(toUs));
        // A comment each 15 s shows that a silent stream stands: it must not look like an outage.
        standing.set(stretch, () => (behindUs < Infinity ? Math.max(0, live.receipt() - read.silent_after - behindUs) : 0));
        moved();
      },
    } satisfies ConnectionPlan;
    try {
      await keepConnected(live, plan, all);
    } finally {
      free();
      ending.abort();
    }
  };
  await Promise.all(streams.map(follow));
}

/** Where the server streams from. SOURCE_UNAVAILABLE when it does not answer. */
async function discover(live: Live, { url, allow_plain_text: allowPlainText }: Options, limiter: Limiter, headers: Readonly<Record<string, string>>): Promise<string> {
  const address = new URL('/api/v2/instance', url).href;
  const { status, body, receipt, retryAfterMs } = await fetchText(live, { url: address, allowPlainText, limiter, signal: live.signal, headers });
  if (status === 429 || status === 408 || status >= 500) throw fail('SOURCE_UNAVAILABLE', `${address} answered ${status}`, { details: { status, retryAfterMs } });
  const result = { streaming: url };
  if (status === 200) {
    live.out.frame(address, body, receipt, () => {
      result.streaming = streamingUrl(body) ?? url;
      return 'instance';
    });
  }
  return result.streaming;
}
