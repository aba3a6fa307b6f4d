/** What a replay has read and not yet emitted: ticks in columns, of which the last may still be held back, and posts. */
import { createTicks, type Post, type TickColumns } from '#proto';

export interface Batch {
  /** The row being decoded is written at `ticks.length`, not yet counted. */
  readonly ticks: TickColumns;
  /** Posts of the row being decoded. */
  readonly staged: Post[];
  readonly posts: Post[];
  readonly rows: number;
  /**
   * Counts the decoded row in, at this receipt time and with this much added to its event time.
   * Returns how many ticks or posts it is.
   */
  take(receiptTime: number, shift: number): number;
  /** Empties the batch, but keeps a row that was decoded and not taken. */
  clear(): void;
}

/**
 * @param rows how many ticks or rows of posts it holds at most
 * @param ofPosts whether rows are posts
 */
export function createBatch(rows: number, source: string, ofPosts: boolean): Batch {
  const ticks = createTicks(rows + 1, source);
  const columns = Object.values(ticks).filter((value) => ArrayBuffer.isView(value)) as Float64Array[];
  const staged: Post[] = [];
  let posts: Post[] = [];
  let postRows = 0;
  return {
    ticks,
    staged,
    get posts() {
      return posts;
    },
    get rows() {
      return ticks.length + postRows;
    },
    take(receiptTime, shift) {
      if (ofPosts) {
        for (const post of staged) posts.push({ ...post, eventTimeUs: post.eventTimeUs + shift, receiptTimeUs: receiptTime });
        postRows++;
        return staged.splice(0).length;
      }
      ticks.receiptTime[ticks.length] = receiptTime;
      ticks.eventTime[ticks.length]! += shift;
      ticks.length++;
      return 1;
    },
    clear() {
      for (const values of columns) values[0] = values[ticks.length]!;
      ticks.length = 0;
      posts = [];
      postRows = 0;
    },
  };
}
