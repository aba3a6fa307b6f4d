/** Recorded posts beside recorded ticks: each goes out with the rows that were received around it. */
import { createTicks, fail, type Post } from '#proto';
import type { Rejection, Source } from '../port.ts';
import type { Mapping } from '../replay/mapping.ts';
import { AUTHOR_SALT, openRecording, type Recording } from '../replay/recording.ts';
import { MAX_POSTS, withPosts, type PostFeed, type Reach } from './beside.ts';

export interface RecordedPostsOptions {
  readonly file: string;
  /** Of the kind `post`. */
  readonly mapping: Mapping;
  /** Instruments that a text names. @default those of the mapping's column */
  readonly instrumentsOf?: (text: string) => readonly string[];
  /** Of the hashes that stand for authors. @default AUTHOR_SALT */
  readonly authorSalt?: string;
}

/**
 * The source with the posts of a recording in its emissions. A post's receipt time is the recorded one, but never before
 * that of the post ahead of it. Posts from before the first row come first, those from behind the last row last: none
 * is left out. A post about no instrument is no record. Rows that cannot be read are rejected.
 *
 * Times are kept: the source must keep them too, and play once.
 * @throws CONFIG_INVALID when the mapping is not one of posts
 */
export function withRecordedPosts(source: Source, options: RecordedPostsOptions): Source {
  const { mapping } = options;
  if (mapping.kind !== 'post') throw fail('CONFIG_INVALID', `mapping ${mapping.name} is not one of posts`);
  return withPosts(source, (position, { reject }) => openFeed(source.name, options, position as Position | null, reject));
}

/** Rows done, and the newest receipt time given out. */
interface Position {
  readonly row: number;
  readonly newest: number;
}

async function openFeed(name: string, options: RecordedPostsOptions, from: Position | null, reject: (rejection: Rejection) => void): Promise<PostFeed> {
  const ticks = createTicks(1, name);
  const recording = await openRecording(options.file, options.mapping, ticks, { authorSalt: AUTHOR_SALT, ...options });
  const feed = new RecordedFeed(options.file, recording, reject);
  try {
    await feed.skip(from?.row ?? 0, from?.newest ?? 0);
  } catch (error) {
    await recording.close();
    throw error;
  }
  return feed;
}

class RecordedFeed implements PostFeed {
  readonly #file: string;
  readonly #recording: Recording;
  readonly #reject: (rejection: Rejection) => void;
  #row = 0;
  #newest = 0;
  /** Posts of the row decoded last, not given out yet, and its receipt time. */
  #staged: readonly Post[] = [];
  #time = 0;
  #ended = false;

  constructor(file: string, recording: Recording, reject: (rejection: Rejection) => void) {
    this.#file = file;
    this.#recording = recording;
    this.#reject = reject;
  }

  async skip(rows: number, newest: number): Promise<void> {
    for (; this.#row < rows; this.#row++) {
      if (!(await this.#next())) throw fail('RUN_MISMATCH', `${this.#file} has fewer rows than were read from it before`);
    }
    this.#newest = newest;
  }

  async take({ to, finished }: Reach): Promise<readonly Post[]> {
    const posts: Post[] = [];
    while (posts.length < MAX_POSTS && (await this.#stage())) {
      if (!finished && this.#time > to) break;
      for (const post of this.#staged) posts.push({ ...post, receiptTimeUs: this.#time });
      this.#newest = this.#time;
      this.#staged = [];
      this.#row += 1;
    }
    return posts;
  }

  position(): Position {
    return { row: this.#row, newest: this.#newest };
  }

  close(): Promise<void> {
    return this.#recording.close();
  }

  /** Has the posts of the next row that has any in `#staged`; false at the end. */
  async #stage(): Promise<boolean> {
    while (this.#staged.length === 0) {
      if (this.#ended || !(await this.#next())) {
        this.#ended = true;
        return false;
      }
      const staged: Post[] = [];
      const problem = this.#recording.decode(this.#row + 1, staged);
      const receiptTime = this.#recording.receiptTime();
      if (problem === null) {
        this.#time = Math.max(this.#newest, receiptTime);
        this.#staged = staged;
        if (staged.length > 0) return true;
      } else {
        const message = `row ${this.#row + 1}: ${problem.message}`;
        const time = Number.isFinite(receiptTime) ? receiptTime : 0;
        this.#reject({ ...problem, message, origin: this.#file, row: this.#row + 1, receiptTime: time, bytes: this.#recording.raw().slice() });
      }
      this.#row += 1;
    }
    return true;
  }

  async #next(): Promise<boolean> {
    while (!this.#recording.next()) if (!(await this.#recording.fill())) return false;
    return true;
  }
}
