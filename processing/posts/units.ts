import { plainText } from './entities.ts';

/** Zeros kept after the newest text, so that a look ahead needs no check. */
const AHEAD = 4;
const KEPT = 4096;

/**
 * A text's UTF-16 code units in a typed array. Every unit is looked at several times, and `charCodeAt` finds out each time
 * how the string is stored: reading them here makes the whole analysis about twice as fast.
 */
export class Units {
  text = '';
  length = 0;
  /** From `length` on, a few zeros. */
  codes = new Uint16Array(KEPT);
  #bytes = Buffer.from(this.codes.buffer);

  /** Take a post's text, its character references read; what stood here before is gone. */
  load(given: string): this {
    const text = plainText(given);
    const needed = text.length + AHEAD;
    if (needed > this.codes.length || this.codes.length > KEPT) this.#resize(Math.max(KEPT, needed));
    this.text = text;
    this.length = text.length;
    if (LITTLE_ENDIAN) this.#bytes.write(text, 0, 'utf16le');
    else for (let i = 0; i < text.length; i++) this.codes[i] = text.charCodeAt(i);
    this.codes.fill(0, text.length, needed);
    return this;
  }

  #resize(size: number): void {
    if (size === this.codes.length) return;
    this.codes = new Uint16Array(size);
    this.#bytes = Buffer.from(this.codes.buffer);
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The code point at `i`: of a pair of surrogates, else the unit itself. */
export function pointAt(codes: Uint16Array, i: number): number {
  const high = codes[i]!;
  const low = codes[i + 1]!;
  const pair = high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
  return pair ? (high - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000 : high;
}

/** For words that are rare: the units of one, with nothing after them. */
export function unitsOf(word: string): Uint16Array {
  return Uint16Array.from({ length: word.length }, (_, i) => word.charCodeAt(i));
}
