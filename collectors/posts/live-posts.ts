/**
 * From posts of a network to records: one for each instrument a post names, each once, with the author hashed. Edits, deletes
 * and reposts are told apart by id: an edit is news only for what the post did not name before, the others make no record.
 */
import { hash, randomBytes } from 'node:crypto';

import { RecentTexts } from '../integrity/repeats.ts';
import type { Live } from '../live/live.ts';
import type { SecretRef } from '../secrets.ts';
import { postMatcher } from './match.ts';
import type { Stretch } from './memory.ts';

/** Posts whose edits are understood, and pairs of post and instrument that are not published again. */
const REMEMBERED = 65_536;

export interface NetworkPost {
  /** Unique at its source; says nothing of its author. */
  readonly id: string;
  /** As the network knows it: only its hash is published. */
  readonly author: string;
  readonly text: string;
  /** '' where the network does not say. */
  readonly language: string;
  /** Microseconds. */
  readonly eventTime: number;
  /** What it is about, where the network says so. Left out: what its text names. */
  readonly instruments?: readonly string[];
}

export interface LivePosts {
  /** Random where none is configured: part of the position, so that authors stay the same after a restart. A configured one is not kept. */
  readonly salt: string | undefined;
  /** Hash that stands for an author. */
  author(id: string): string;
  /**
   * A post, at this position of its stream. Call in a frame. Returns how many records it made.
   *
   * @param beside other stretches that will show it, too: what is fetched for them after a restart must not repeat it
   */
  created(post: NetworkPost, position: bigint, stretch: Stretch, beside?: readonly Stretch[]): number;
  /** What it says now. */
  edited(post: NetworkPost, position: bigint, stretch: Stretch): void;
}

export interface LivePostsOptions {
  readonly live: Live;
  readonly options: { readonly author_salt?: SecretRef | undefined; readonly text: 'kept' | 'dropped' };
  /** As kept in the position. */
  readonly salt: string | undefined;
  /** What was published before. */
  readonly stretches: readonly Stretch[];
}

/** @throws CONFIG_INVALID, SECRET_UNREADABLE */
export async function createLivePosts({ live, options, salt: kept, stretches }: LivePostsOptions): Promise<LivePosts> {
  const { out } = live;
  const given = options.author_salt && (await live.environment.secret(options.author_salt)).reveal();
  const salt = given ?? kept ?? randomBytes(16).toString('hex');
  const match = postMatcher(live);
  const published = new RecentTexts(REMEMBERED);
  const known = new RecentTexts(REMEMBERED);
  for (const stretch of stretches) published.restore([...stretch.keys()]);
  const author = (id: string): string => hash('sha256', `${salt}\0${id}`, 'hex').slice(0, 16);

  function write(post: NetworkPost, instrument: string, position: bigint, stretch: Stretch, beside: readonly Stretch[] = []): boolean {
    const key = `${post.id} ${instrument}`;
    const isNew = published.accept(key);
    for (const one of [stretch, ...beside]) one.keep(key, position);
    if (!isNew) return false;
    out.post({
      instrument,
      eventTimeUs: post.eventTime,
      postId: post.id,
      author: author(post.author),
      text: options.text === 'kept' ? post.text : '',
      language: post.language,
    });
    return true;
  }

  return {
    salt: given === undefined ? salt : undefined,
    author,
    created(post, position, stretch, beside) {
      const instruments = post.instruments ?? match(post.text);
      known.accept(post.id);
      if (instruments.length === 0) out.skip('not-collected');
      const written = instruments.filter((instrument) => write(post, instrument, position, stretch, beside)).length;
      if (written < instruments.length) out.skip('repeat', instruments.length - written);
      return written;
    },
    edited(post, position, stretch) {
      // What was published of a post from before this run is not known, but near its end.
      const instruments = known.has(post.id) ? (post.instruments ?? match(post.text)) : [];
      if (instruments.filter((instrument) => write(post, instrument, position, stretch)).length === 0) out.skip('edited');
    },
  };
}
