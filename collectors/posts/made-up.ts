/**
 * Made-up posts beside a recording, for trying things out where no posts were recorded. They say so: `synthetic`.
 *
 * A Poisson process over receipt time, drawn minute by minute from (seed, minute) alone: which posts a minute
 * holds does not depend on where a run began, how emissions were cut, or what came before. The posts of
 * a recording are thus a function of the recording and the seed, also across restarts.
 */
import type { Cursor, Post } from '#proto';
import type { Emission, Source } from '../port.ts';

export interface MadeUpPostsOptions {
  readonly seed: number;
  /** Posts a minute of recorded time, on average. */
  readonly perMinute: number;
  readonly instruments: readonly string[];
}

const MINUTE_US = 60_000_000;
/** Posts of one emission at most: bounds memory across a long silence. */
const MAX_POSTS = 1024;

const TEMPLATES = [
  '$ breaking out, buyers everywhere. Great momentum',
  'Love this move in $, adding more here',
  '$ looks strong, very happy with this position',
  'Selling my $, this chart looks terrible',
  '$ is dumping hard, awful price action',
  'Worried about $, weak bids and bad news',
  'Watching $ today, no position yet',
  'Anyone else looking at $ here?',
] as const;

/** mulberry32 over a mixed seed: numbers in [0, 1). */
function randomOf(seed: number, minute: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(minute, 0xc2b2ae35) ^ Math.floor(minute / 2 ** 32);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The posts of one minute since the epoch, in the order of their receipt times. */
export function madeUpPosts({ seed, perMinute, instruments }: MadeUpPostsOptions, minute: number): Post[] {
  const posts: Post[] = [];
  if (!(perMinute > 0) || instruments.length === 0) return posts;
  const random = randomOf(seed, minute);
  for (let at = -Math.log(1 - random()) / perMinute; at < 1; at -= Math.log(1 - random()) / perMinute) {
    const receiptTimeUs = minute * MINUTE_US + Math.floor(at * MINUTE_US);
    const instrument = instruments[Math.floor(random() * instruments.length)]!;
    const text = TEMPLATES[Math.floor(random() * TEMPLATES.length)]!;
    posts.push({
      instrument,
      source: 'made-up',
      eventTimeUs: receiptTimeUs - Math.floor(random() * 2_000_000),
      receiptTimeUs,
      postId: `made-up-${seed}-${minute}-${posts.length}`,
      author: `made-up-${Math.floor(random() * 1000)}`,
      text: text.replace('$', `$${instrument.slice(instrument.indexOf(':') + 1)}`),
      language: 'en',
      synthetic: true,
      watermark: undefined,
    });
  }
  return posts;
}

/** Posts with from < receipt time ≤ to. */
function* postsWithin(options: MadeUpPostsOptions, from: number, to: number): Generator<Post> {
  for (let minute = Math.floor(from / MINUTE_US); minute * MINUTE_US <= to; minute++) {
    for (const post of madeUpPosts(options, minute)) {
      if (post.receiptTimeUs > from && post.receiptTimeUs <= to) yield post;
    }
  }
}

/**
 * The source with made-up posts in its emissions: each covers the time up to its newest row and all time before its
 * watermark, from the first row on. The source must have a cursor: how far the posts got is kept in it.
 */
export function withMadeUpPosts(source: Source, options: MadeUpPostsOptions): Source {
  return {
    name: source.name,
    run(context) {
      const begun = context.cursor && unwrapped(context.cursor);
      let cursor = begun?.cursor ?? null;
      let covered = begun?.covered ?? null;
      return source.run({
        ...context,
        cursor,
        async emit(emission) {
          covered ??= firstReceipt(emission);
          if (covered !== null) {
            const to = lastReceipt(emission, covered);
            let posts: Post[] = [];
            for (const post of postsWithin(options, covered, to)) {
              if (posts.length === MAX_POSTS && cursor) {
                covered = posts.at(-1)!.receiptTimeUs;
                await context.emit({ posts, cursor: wrapped(cursor, covered) });
                posts = [];
              }
              posts.push(post);
            }
            covered = to;
            const all = [...(emission.posts ?? []), ...posts].sort((a, b) => a.receiptTimeUs - b.receiptTimeUs);
            emission = { ...emission, ...(all.length > 0 && { posts: all }) };
          }
          cursor = emission.cursor ?? null;
          await context.emit(cursor ? { ...emission, cursor: wrapped(cursor, covered) } : emission);
        },
      });
    },
  };
}

function firstReceipt({ ticks, posts }: Emission): number | null {
  if (ticks && ticks.length > 0) return ticks.receiptTime[0]!;
  return posts?.[0]?.receiptTimeUs ?? null;
}

function lastReceipt({ ticks, posts, watermark }: Emission, covered: number): number {
  const tick = ticks && ticks.length > 0 ? ticks.receiptTime[ticks.length - 1]! : covered;
  return Math.max(covered, tick, posts?.at(-1)?.receiptTimeUs ?? covered, (watermark ?? Number.NEGATIVE_INFINITY) - 1);
}

function wrapped(cursor: Cursor, covered: number | null): Cursor {
  return { ...cursor, position: JSON.stringify({ covered, position: cursor.position }) };
}

function unwrapped(cursor: Cursor): { cursor: Cursor; covered: number | null } {
  const { covered, position } = JSON.parse(cursor.position) as { covered: number | null; position: string };
  return { cursor: { ...cursor, position }, covered };
}
