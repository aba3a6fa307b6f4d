/** Posts beside the ticks of a source, in its emissions: one order, one cursor, whatever the posts come from. */
import type { Cursor, Post } from '#proto';
import type { Emission, Source, SourceContext } from '../port.ts';

/** How far posts may go out: those received up to `to`, microseconds. */
export interface Reach {
  /** Receipt time of the first row of the emission at hand. */
  readonly first: number;
  readonly to: number;
  /** Whether the source is at its end. */
  readonly finished: boolean;
}

/** Must take the same posts again from the same position. */
export interface PostFeed {
  /** The next posts in order of receipt time; fewer than `MAX_POSTS`: there are no more within reach. */
  take(reach: Reach): readonly Post[] | Promise<readonly Post[]>;
  /** What to go on from behind the posts taken; survives JSON. */
  position(): unknown;
  close?(): Promise<void>;
}

/** @param position what the feed gave last, null at the first start */
export type OpenFeed = (position: unknown, context: SourceContext) => PostFeed | Promise<PostFeed>;

/** A feed stops when it has this many: bounds memory across a long silence. */
export const MAX_POSTS = 1024;

/**
 * The source with posts in its emissions: each covers the time up to its newest row and all time before its watermark. The
 * source must have a cursor: how far the posts got is kept in it.
 */
export function withPosts(source: Source, open: OpenFeed): Source {
  return {
    name: source.name,
    ...(source.repeatable !== undefined && { repeatable: source.repeatable }),
    async run(context) {
      const begun = context.cursor ? unwrapped(context.cursor) : { inner: null, position: null };
      // A source that is finished needs no feed.
      if (begun.inner?.finished) return;
      const feed = await open(begun.position, context);
      let inner = begun.inner;
      const emit = async (emission: Emission): Promise<void> => {
        const reach = reachOf(emission);
        let posts = reach ? await feed.take(reach) : [];
        while (posts.length >= MAX_POSTS) {
          await context.emit({ posts, cursor: wrapped(source.name, inner, feed.position()) });
          posts = await feed.take(reach!);
        }
        inner = emission.cursor ?? null;
        await context.emit(together(source.name, emission, posts, feed.position()));
      };
      try {
        await source.run({ ...context, cursor: inner, emit });
      } finally {
        await feed.close?.();
      }
    },
  };
}

function together(name: string, emission: Emission, posts: readonly Post[], position: unknown): Emission {
  const all = [...(emission.posts ?? []), ...posts].sort((a, b) => a.receiptTimeUs - b.receiptTimeUs);
  const newest = all.at(-1)?.receiptTimeUs ?? Number.NEGATIVE_INFINITY;
  return {
    ...emission,
    ...(all.length > 0 && { posts: all }),
    // Posts from behind the last row: the last watermark goes behind them.
    ...(emission.watermark !== undefined && { watermark: Math.max(emission.watermark, newest + 1) }),
    ...(emission.cursor && { cursor: wrapped(name, emission.cursor, position) }),
  };
}

function reachOf({ ticks, posts, watermark, cursor }: Emission): Reach | null {
  const times = [
    ...(ticks && ticks.length > 0 ? [ticks.receiptTime[0]!, ticks.receiptTime[ticks.length - 1]!] : []),
    ...(posts && posts.length > 0 ? [posts[0]!.receiptTimeUs, posts.at(-1)!.receiptTimeUs] : []),
    ...(watermark === undefined ? [] : [watermark - 1]),
  ];
  if (times.length === 0) return null;
  return { first: Math.min(...times), to: Math.max(...times), finished: cursor?.finished ?? false };
}

/** Before the source's own first emission there is no cursor of its own to keep. */
function wrapped(source: string, inner: Cursor | null, position: unknown): Cursor {
  const none = { source, published: 0, rows: 0, row: 0, lap: 1, finished: false, shiftUs: 0, receiptTimeUs: 0, nextWatermarkUs: 0, ordinals: undefined, instrument: '' };
  return { ...(inner ?? none), position: JSON.stringify({ posts: position, position: inner?.position ?? null }) };
}

function unwrapped(cursor: Cursor): { inner: Cursor | null; position: unknown } {
  const { posts, position } = JSON.parse(cursor.position) as { posts: unknown; position: string | null };
  return { inner: position === null ? null : { ...cursor, position }, position: posts };
}
