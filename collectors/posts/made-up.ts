/**
 * Made-up posts beside a recording, for trying things out where no posts were recorded. They say so: `synthetic`.
 *
 * A Poisson process over receipt time, drawn minute by minute from (seed, minute) alone: which posts a minute
 * holds does not depend on where a run began, how emissions were cut, or what came before. The posts of
 * a recording are thus a function of the recording and the seed, also across restarts.
 */
import type { Post } from '#proto';
import type { Source } from '../port.ts';
import { MAX_POSTS, withPosts } from './beside.ts';

export interface MadeUpPostsOptions {
  readonly seed: number;
  /** Posts a minute of recorded time, on average. */
  readonly perMinute: number;
  readonly instruments: readonly string[];
}

const MINUTE_US = 60_000_000;

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

/** The source with made-up posts from its first row on. Their position is the receipt time up to which they are out. */
export function withMadeUpPosts(source: Source, options: MadeUpPostsOptions): Source {
  return withPosts(source, (position) => {
    let covered = position as number | null;
    return {
      take({ first, to }) {
        covered ??= first;
        const posts: Post[] = [];
        for (const post of postsWithin(options, covered, to)) {
          posts.push(post);
          if (posts.length === MAX_POSTS) break;
        }
        covered = posts.length === MAX_POSTS ? posts.at(-1)!.receiptTimeUs : Math.max(covered, to);
        return posts;
      },
      position: () => covered,
    };
  });
}
