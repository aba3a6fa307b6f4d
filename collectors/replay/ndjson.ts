/** NDJSON: one JSON object a line. */
import { MAX_ROW_BYTES, Window, type RowReader } from './rows.ts';
import type { ByteSource } from './bytes.ts';

const LF = 10;
const SPACE = 32;

export class NdjsonReader implements RowReader {
  /** The object of the row; empty where there is a problem. */
  value: Readonly<Record<string, unknown>> = {};
  problem: string | null = null;
  readonly #window: Window;
  readonly #bigIntegers: RegExp | null;
  #rowStart = 0;
  #rowEnd = 0;
  #skipping = false;

  /**
   * @param verbatim columns whose integers must not pass through a double: they are read as strings of
   *   their digits
   */
  constructor(source: ByteSource, verbatim: readonly string[] = []) {
    this.#window = new Window(source);
    const names = verbatim.map((name) => JSON.stringify(name).replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    // Sound because within a JSON string a quote is escaped: `"name"` before a colon is always a key.
    this.#bigIntegers = names.length === 0 ? null : new RegExp(`(${names.join('|')})(\\s*:\\s*)(-?\\d{16,})(?=\\s*[,}])`, 'g');
  }

  fill(): Promise<boolean> {
    return this.#window.fill();
  }

  raw(): Uint8Array {
    return this.#window.buffer.subarray(this.#rowStart, this.#rowEnd);
  }

  next(): boolean {
    while (this.#nextLine()) {
      if (this.problem !== null) return true;
      if (this.#isBlank()) continue;
      this.#parse();
      return true;
    }
    return false;
  }

  #nextLine(): boolean {
    const window = this.#window;
    if (window.at === window.end) return false;
    this.problem = null;
    this.#rowStart = window.at;
    const found = window.buffer.indexOf(LF, window.at);
    const whole = found >= 0 || window.ended;
    const end = found >= 0 ? found : window.end;
    if (this.#skipping) {
      this.#skipping = !whole;
      window.at = found >= 0 ? found + 1 : window.end;
      return this.#nextLine();
    }
    if (end - window.at >= MAX_ROW_BYTES) {
      this.#rowEnd = window.at + MAX_ROW_BYTES;
      this.problem = `a row is longer than ${MAX_ROW_BYTES} bytes`;
      this.#skipping = true;
      window.at = this.#rowEnd;
      return true;
    }
    if (!whole) return false;
    this.#rowEnd = end;
    window.at = found >= 0 ? found + 1 : window.end;
    return true;
  }

  #isBlank(): boolean {
    const { buffer } = this.#window;
    for (let i = this.#rowStart; i < this.#rowEnd; i++) if (buffer[i]! > SPACE) return false;
    return true;
  }

  #parse(): void {
    const row = this.raw();
    let text = Buffer.from(row.buffer, row.byteOffset, row.length).toString('utf8');
    if (this.#bigIntegers !== null) text = text.replace(this.#bigIntegers, '$1$2"$3"');
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        this.value = value as Record<string, unknown>;
        return;
      }
      this.problem = 'a line is not a JSON object';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.value = {};
  }
}
