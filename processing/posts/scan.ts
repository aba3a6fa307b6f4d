import { normalized, type Names } from './names.ts';
import { isJoint, type Symbols } from './symbols.ts';

/** Hears of a symbol: the asset it names, or -1 for a cashtag of none; and where it stands. */
export type OnSymbol = (asset: number, at: number) => void;

/** What a code unit is to the scanner. Those up to FOREIGN are part of a word. */
const Class = { PLAIN: 0, HIDDEN: 1, FOREIGN: 2, SPACE: 3, BREAK: 4, SURROGATE: 5 } as const;

const HIDDEN = /[\p{Cf}\p{M}]/u;
const LETTER = /[\p{L}\p{N}]/u;
const SPACE = /[\s\u200b]/;
/** A longer word with signs beyond ASCII is not normalized: nothing in a table is that long. */
const LONGEST_FOREIGN = 64;
/** Signs that make a `$` after them no cashtag. */
const STICKY = '#@*%^_$€£¥';
const ELLIPSIS = 0x2026;
const KEPT = 4096;
const DOLLAR = 36;
const WIDE_DOLLAR = 0xff04;

function classes(): Uint8Array {
  return Uint8Array.from({ length: 0x10000 }, (_, code) => {
    const char = String.fromCharCode(code);
    if (code < 128 && /[A-Za-z0-9]/.test(char)) return Class.PLAIN;
    if (SPACE.test(char)) return Class.SPACE;
    if (code >= 0xd800 && code < 0xdc00) return Class.SURROGATE;
    if (code < 128) return Class.BREAK;
    return HIDDEN.test(char) ? Class.HIDDEN : LETTER.test(char) ? Class.FOREIGN : Class.BREAK;
  });
}

/** One pass over a text: symbols are told as they are met, words become ids for the names. */
export class Scanner {
  readonly #names: Names;
  readonly #symbols: Symbols;
  readonly #classes = classes();
  readonly #onSymbol: OnSymbol;
  /** Of words and joiners; -1 for what is in no name. Valid until the next `scan`, as is all below. */
  ids = new Int32Array(KEPT);
  starts = new Int32Array(KEPT);
  ends = new Int32Array(KEPT);
  length = 0;

  constructor(names: Names, symbols: Symbols, onSymbol: OnSymbol) {
    this.#names = names;
    this.#symbols = symbols;
    this.#onSymbol = onSymbol;
  }

  scan(text: string): void {
    this.length = 0;
    if (this.ids.length > KEPT) this.#resize(KEPT);
    // Where the newest cashtag ended: another may follow at once.
    let tagged = -1;
    for (let i = 0; i < text.length; ) {
      const code = text.charCodeAt(i);
      if (this.#inWord(text, i, code)) {
        const end = this.#wordEnd(text, i);
        i = this.#isAddress(text, i, end) ? this.#spaceAfter(text, end) : this.#word(text, i, end);
      } else if (code === DOLLAR || code === WIDE_DOLLAR) {
        // `A$AP`, `S#$T` and `€$T` are words.
        const inside = i > 0 && i !== tagged && this.#sticksTo(text, i - 1);
        const next = inside ? this.#wordEnd(text, i + 1) : this.#cashtag(text, i);
        tagged = inside || next === i + 1 ? -1 : next;
        i = next;
        this.#push(-1, i, i);
      } else if (code === 64) {
        i = this.#wordEnd(text, i + 1);
        while (text.charCodeAt(i) === 95) i = this.#wordEnd(text, i + 1);
        this.#push(-1, i, i);
      } else {
        if (this.#classes[code] !== Class.SPACE && code !== 45 && code !== 95) {
          const joiner = code === 0x2019 || code === 0x2018 ? 39 : code;
          this.#push(joiner < 128 ? this.#names.joiners[joiner]! : -1, i, i + 1);
        }
        i += this.#classes[code] === Class.SURROGATE && text.codePointAt(i)! > 0xffff ? 2 : 1;
      }
    }
  }

  #push(id: number, start: number, end: number): void {
    // Two in a row that match nothing are as good as one.
    if (id < 0 && this.length > 0 && this.ids[this.length - 1]! < 0) return;
    if (this.length === this.ids.length) this.#resize(this.length * 2);
    this.ids[this.length] = id;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length += 1;
  }

  #resize(size: number): void {
    const grown = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from.subarray(0, this.length));
      return to;
    };
    this.ids = grown(this.ids);
    this.starts = grown(this.starts);
    this.ends = grown(this.ends);
  }

  #inWord(text: string, i: number, code: number): boolean {
    const kind = this.#classes[code]!;
    if (kind !== Class.SURROGATE) return kind <= Class.FOREIGN;
    const point = text.codePointAt(i)!;
    // Emoji and symbols: the common case, known without a look at Unicode's tables.
    return point > 0xffff && !(point >= 0x1f000 && point <= 0x1faff) && LETTER.test(String.fromCodePoint(point));
  }

  #wordEnd(text: string, from: number): number {
    let i = from;
    while (i < text.length) {
      const code = text.charCodeAt(i);
      const kind = this.#classes[code]!;
      if (kind > Class.FOREIGN && !this.#inWord(text, i, code)) break;
      i += kind === Class.SURROGATE ? 2 : 1;
    }
    return i;
  }

  #isLetter(text: string, i: number): boolean {
    const kind = this.#classes[text.charCodeAt(i)];
    return kind === Class.PLAIN || kind === Class.FOREIGN;
  }

  #sticksTo(text: string, i: number): boolean {
    return this.#isLetter(text, i) || STICKY.includes(text.charAt(i));
  }

  /** `https://…`, `www.…`: what stands in it is not said. */
  #isAddress(text: string, start: number, end: number): boolean {
    const next = text.charCodeAt(end);
    if (next === 58) return text.charCodeAt(end + 1) === 47 && text.charCodeAt(end + 2) === 47;
    return next === 46 && end - start === 3 && /^www$/i.test(text.slice(start, end));
  }

  #spaceAfter(text: string, from: number): number {
    let i = from;
    while (i < text.length && this.#classes[text.charCodeAt(i)] !== Class.SPACE) i += 1;
    this.#push(-1, i, i);
    return i;
  }

  #word(text: string, start: number, end: number): number {
    const { words } = this.#names;
    let plain = true;
    let capitals = true;
    for (let i = start; i < end; i++) {
      const code = text.charCodeAt(i);
      if (code > 90) capitals = false;
      if (code > 127) plain = false;
    }
    if (plain) {
      if (capitals) this.#ticker(text, start, end);
      this.#push(words.find(text, start, end), start, end);
    } else if (end - start <= LONGEST_FOREIGN) {
      const word = normalized(text.slice(start, end));
      const asset = this.#symbols.tickers.find(word, 0, word.length);
      if (asset >= 0) this.#onSymbol(this.#symbols.tickerAssets[asset]!, start);
      const lower = word.toLowerCase();
      this.#push(words.find(lower, 0, lower.length), start, end);
    } else {
      this.#push(-1, start, end);
    }
    return end;
  }

  #ticker(text: string, start: number, end: number): void {
    const { tickers, tickerAssets } = this.#symbols;
    const joined = isJoint(text.charCodeAt(end)) ? this.#plainEnd(text, end + 1) : end;
    let found = joined > end + 1 && !this.#isLetter(text, joined) ? tickers.find(text, start, joined) : -1;
    if (found < 0) found = tickers.find(text, start, end);
    if (found >= 0) this.#onSymbol(tickerAssets[found]!, start);
  }

  /** The place after the cashtag at `at`, if there is one. */
  #cashtag(text: string, at: number): number {
    const { cashtags, cashtagAssets } = this.#symbols;
    const start = at + 1;
    const first = text.charCodeAt(start) | 32;
    const end = this.#plainEnd(text, start);
    if (!(first >= 97 && first <= 122) || this.#isLetter(text, end)) return start;
    const separator = text.charCodeAt(end);
    // A text cut off in the tag: `$C…` may have been `$CSCO`.
    if (separator === ELLIPSIS && end === text.length - 1) return end;
    if (isJoint(separator)) {
      const joined = this.#plainEnd(text, end + 1);
      const whole = joined > end + 1 && !this.#isLetter(text, joined);
      const found = whole ? cashtags.find(text, start, joined) : -1;
      // `$T.TO` is not `$T`: one or two letters after a point are a class of shares or an exchange.
      const foreign = whole && joined - end <= 3 && (separator === 46 || separator === 95);
      if (found >= 0 || foreign) {
        this.#onSymbol(found >= 0 ? cashtagAssets[found]! : -1, at);
        return joined;
      }
    }
    const found = cashtags.find(text, start, end);
    this.#onSymbol(found >= 0 ? cashtagAssets[found]! : -1, at);
    return end;
  }

  #plainEnd(text: string, from: number): number {
    let i = from;
    while (i < text.length && this.#classes[text.charCodeAt(i)] === Class.PLAIN) i += 1;
    return i;
  }
}
