/**
 * Merges the logs of one task into one sequence, by recorded receipt time.
 *
 * Within a log the log's order stands, so a row counts as received no earlier than any row before it in its
 * log (the running maximum). Between logs the earlier receipt goes first, on a tie the log that was named first.
 * A row is released when no other log can still bring one that goes before it: a log promises that by its next row,
 * or by the newest receipt time it has shown, which watermarks carry. The sequence depends on the logs alone, never on how
 * their records were cut or when they were polled.
 */

/** Rows of one record; `time(i)` is the receipt time of row i, microseconds. */
export interface MergeRecord<T> {
  readonly offset: number;
  /** Offset after the record. */
  readonly next: number;
  readonly rows: number;
  readonly time: (row: number) => number;
  /** Whether row i is a watermark or a repeat: it moves its log's clock and is not released. Asked when it is the next of its log. @default no row is */
  readonly mark?: (row: number) => boolean;
  readonly value: T;
}

interface Log<T> {
  readonly queue: MergeRecord<T>[];
  /** Next row of the first record. */
  row: number;
  /** Newest receipt time taken from this log. */
  clock: number;
  /** Where reading goes on when nothing is buffered. */
  next: number;
  buffered: number;
}

/** How far a log has been merged: `row` rows of the record at `offset` are done. */
export interface MergePosition {
  readonly offset: number;
  readonly row: number;
  readonly clock: number;
}

function pass<T>(log: Log<T>, record: MergeRecord<T>): void {
  log.clock = Math.max(log.clock, record.time(log.row));
  log.row += 1;
  log.buffered -= 1;
  if (log.row < record.rows) return;
  log.queue.shift();
  log.row = 0;
  log.next = record.next;
}

/** Watermarks and repeats have no place in the sequence: they are done with as soon as they are next in their log. */
function absorbMarks<T>(log: Log<T>): void {
  for (let record = log.queue[0]; record?.mark?.(log.row) === true; record = log.queue[0]) pass(log, record);
}

export class Merge<T> {
  readonly #logs: Log<T>[];

  /** @param positions where each log goes on; `row` rows of its first record are skipped */
  constructor(positions: readonly MergePosition[]) {
    this.#logs = positions.map(({ offset, row, clock }) => ({ queue: [], row, clock, next: offset, buffered: 0 }));
  }

  push(log: number, record: MergeRecord<T>): void {
    const to = this.#logs[log]!;
    const skipped = to.queue.length === 0 ? to.row : 0;
    if (record.rows <= skipped) {
      this.skipTo(log, record.next);
      return;
    }
    to.queue.push(record);
    to.buffered += record.rows - skipped;
    absorbMarks(to);
  }

  /** Moves a log past records that hold no rows, such as empty or refused ones. */
  skipTo(log: number, offset: number): void {
    const to = this.#logs[log]!;
    const last = to.queue.at(-1);
    if (last) {
      to.queue[to.queue.length - 1] = { ...last, next: Math.max(last.next, offset) };
    } else if (offset > to.next) {
      to.next = offset;
      to.row = 0;
    }
  }

  /** Rows waiting in a log. */
  buffered(log: number): number {
    return this.#logs[log]!.buffered;
  }

  position(log: number): MergePosition {
    const { queue, row, clock, next } = this.#logs[log]!;
    return { offset: queue[0]?.offset ?? next, row, clock };
  }

  /** Releases up to `limit` rows in order, as (log, value, row, record). Returns how many. */
  drain(limit: number, release: (log: number, value: T, row: number, record: MergeRecord<T>) => void): number {
    let released = 0;
    while (released < limit) {
      const log = this.#next();
      if (log === -1) break;
      const from = this.#logs[log]!;
      const record = from.queue[0]!;
      const row = from.row;
      pass(from, record);
      released += 1;
      release(log, record.value, row, record);
      absorbMarks(from);
    }
    return released;
  }

  /** The log whose next row goes first, or -1 while that cannot be known. */
  #next(): number {
    let first = -1;
    let earliest = Number.POSITIVE_INFINITY;
    let bound = Number.POSITIVE_INFINITY;
    let boundLog = -1;
    for (let i = 0; i < this.#logs.length; i++) {
      const { queue, row, clock } = this.#logs[i]!;
      const record = queue[0];
      if (record) {
        const time = Math.max(clock, record.time(row));
        if (time < earliest) {
          earliest = time;
          first = i;
        }
      } else if (clock < bound) {
        bound = clock;
        boundLog = i;
      }
    }
    if (first === -1) return -1;
    // An empty log may still bring a row at its clock; on a tie the lower log goes first.
    return bound < earliest || (bound === earliest && boundLog < first) ? -1 : first;
  }
}
