/** What the two row readers share: a window over the bytes of a file that holds the row being read. */
import type { ByteSource } from './bytes.ts';

/** A row longer than this is malformed. Bounds memory, and how far an unclosed quote can reach. */
export const MAX_ROW_BYTES = 1024 * 1024;

/**
 * Reads a file row by row without a promise a row: `while (rows.next()) {…}` takes what is in memory,
 * then `await rows.fill()` brings more or says false at the end.
 */
export interface RowReader {
  /** Moves to the next row that is whole in memory. Blank lines are passed over. */
  next(): boolean;
  /** @throws FILE_UNREADABLE, after every whole row was given */
  fill(): Promise<boolean>;
  /** Why the row cannot be read, or null. */
  readonly problem: string | null;
  /** Bytes of the row, without its line end; valid until the next call. */
  raw(): Uint8Array;
}

const BOM = [0xef, 0xbb, 0xbf];

/** Unread bytes are `buffer[at … end)`. Filling keeps them and moves them to the front. */
export class Window {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** No more bytes will come. */
  ended = false;
  readonly #source: ByteSource;
  #started = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** False when the file is read to its end and nothing is left over. */
  async fill(): Promise<boolean> {
    if (this.ended) return false;
    do {
      const chunk = await this.#source.next();
      if (chunk === null) this.ended = true;
      else this.#append(chunk);
    } while (!this.ended && !this.#started && this.end - this.at < BOM.length);
    if (!this.#started) {
      this.#started = true;
      if (BOM.every((byte, i) => this.at + i < this.end && this.buffer[this.at + i] === byte)) this.at += BOM.length;
    }
    return !this.ended || this.at < this.end;
  }

  #append(chunk: Uint8Array): void {
    if (this.at === this.end) {
      this.buffer = chunk;
    } else {
      this.buffer = Buffer.concat([this.buffer.subarray(this.at, this.end), chunk]);
    }
    this.at = 0;
    this.end = this.buffer.length;
  }
}
