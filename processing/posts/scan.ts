import { Class, LETTER, classes } from './classes.ts';
import { normalized, type Names } from './names.ts';
import { isJoint, type Symbols } from './symbols.ts';
import { pointAt, type Units } from './units.ts';

/** Hears of a symbol: the asset it names, or -1 for a cashtag of none; and where it stands. */
export type OnSymbol = (asset: number, at: number) => void;

/** A longer word with signs beyond ASCII is not normalized: nothing in a table is that long. */
const LONGEST_FOREIGN = 64;
/** Signs that make a `$` after them no cashtag. */
const STICKY = '#@*%^_$€£¥';
const ELLIPSIS = 0x2026;
const KEPT = 4096;
const DOLLAR = 36;
const WIDE_DOLLAR = 0xff04;

/** One pass over a text: symbols are told as they are met, words become ids for the names. */
export class Scanner {
  readonly #names: Names;
  readonly #symbols: Symbols;
  readonly #classes = classes();
  readonly #onSymbol: OnSymbol;
  // Of the text at hand.
  #text = '';
  #codes = new Uint16Array(0);
  #end = 0;
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

  scan(units: Units): void {
    this.#text = units.text;
    this.#codes = units.codes;
    this.#end = units.length;
    const { codes, length } = units;
    this.length = 0;
    if (this.ids.length > KEPT) this.#resize(KEPT);
    // Where the newest cashtag ended: another may follow at once.
    let tagged = -1;
    for (let i = 0; i < length; ) {
      const code = codes[i]!;
      if (this.#inWord(i, code)) {
        const end = this.#wordEnd(i);
        i = this.#isAddress(i, end) ? this.#spaceAfter(end) : this.#word(i, end);
      } else if (code === DOLLAR || code === WIDE_DOLLAR) {
        // `A$AP`, `S#$T` and `€$T` are words.
        const inside = i > 0 && i !== tagged && this.#sticksTo(i - 1);
        const next = inside ? this.#wordEnd(i + 1) : this.#cashtag(i);
        tagged = inside || next === i + 1 ? -1 : next;
        i = next;
        this.#push(-1, i, i);
      } else if (code === 64) {
        i = this.#wordEnd(i + 1);
        while (codes[i] === 95) i = this.#wordEnd(i + 1);
        this.#push(-1, i, i);
      } else {
        if (this.#classes[code] !== Class.SPACE && code !== 45 && code !== 95) {
          const joiner = code === 0x2019 || code === 0x2018 ? 39 : code;
          this.#push(joiner < 128 ? this.#names.joiners[joiner]! : -1, i, i + 1);
        }
        i += this.#classes[code] === Class.SURROGATE && pointAt(codes, i) > 0xffff ? 2 : 1;
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

  #inWord(i: number, code: number): boolean {
    const kind = this.#classes[code]!;
    if (kind !== Class.SURROGATE) return kind <= Class.FOREIGN;
    const point = pointAt(this.#codes, i);
    // Emoji and symbols: the common case, known without a look at Unicode's tables.
    return point > 0xffff && !(point >= 0x1f000 && point <= 0x1faff) && LETTER.test(String.fromCodePoint(point));
  }

  #wordEnd(from: number): number {
    let i = from;
    while (i < this.#end) {
      const code = this.#codes[i]!;
      const kind = this.#classes[code]!;
      if (kind > Class.FOREIGN && !this.#inWord(i, code)) break;
      i += kind === Class.SURROGATE ? 2 : 1;
    }
    return i;
  }

  #isLetter(i: number): boolean {
    const kind = this.#classes[this.#codes[i]!];
    return kind === Class.PLAIN || kind === Class.FOREIGN;
  }

  #sticksTo(i: number): boolean {
    return this.#isLetter(i) || STICKY.includes(this.#text.charAt(i));
  }

  /** `https://…`, `www.…`: what stands in it is not said. */
  #isAddress(start: number, end: number): boolean {
    const next = this.#codes[end]!;
    if (next === 58) return this.#codes[end + 1]! === 47 && this.#codes[end + 2]! === 47;
    return next === 46 && end - start === 3 && /^www$/i.test(this.#text.slice(start, end));
  }

  #spaceAfter(from: number): number {
    let i = from;
    while (i < this.#end && this.#classes[this.#codes[i]!] !== Class.SPACE) i += 1;
    this.#push(-1, i, i);
    return i;
  }

  #word(start: number, end: number): number {
    const { words } = this.#names;
    let plain = true;
    let capitals = true;
    for (let i = start; i < end; i++) {
      const code = this.#codes[i]!;
      if (code > 90) capitals = false;
      if (code > 127) plain = false;
    }
    if (plain) {
      if (capitals) this.#ticker(start, end);
      this.#push(words.find(this.#codes, start, end), start, end);
    } else if (end - start <= LONGEST_FOREIGN) {
      const word = normalized(this.#text.slice(start, end));
      const asset = this.#symbols.tickers.idOf(word);
      if (asset >= 0) this.#onSymbol(this.#symbols.tickerAssets[asset]!, start);
      this.#push(words.idOf(word.toLowerCase()), start, end);
    } else {
      this.#push(-1, start, end);
    }
    return end;
  }

  #ticker(start: number, end: number): void {
    const { tickers, tickerAssets } = this.#symbols;
    const joined = isJoint(this.#codes[end]!) ? this.#plainEnd(end + 1) : end;
    let found = joined > end + 1 && !this.#isLetter(joined) ? tickers.find(this.#codes, start, joined) : -1;
    if (found < 0) found = tickers.find(this.#codes, start, end);
    if (found >= 0) this.#onSymbol(tickerAssets[found]!, start);
  }

  /** The place after the cashtag at `at`, if there is one. */
  #cashtag(at: number): number {
    const { cashtags, cashtagAssets } = this.#symbols;
    const start = at + 1;
    const first = this.#codes[start]! | 32;
    const end = this.#plainEnd(start);
    if (!(first >= 97 && first <= 122) || this.#isLetter(end)) return start;
    const separator = this.#codes[end]!;
    // A text cut off in the tag: `$C…` may have been `$CSCO`.
    if (separator === ELLIPSIS && end === this.#end - 1) return end;
    if (isJoint(separator)) {
      const joined = this.#plainEnd(end + 1);
      const whole = joined > end + 1 && !this.#isLetter(joined);
      const found = whole ? cashtags.find(this.#codes, start, joined) : -1;
      // `$T.TO` is not `$T`: one or two letters after a point are a class of shares or an exchange.
      const foreign = whole && joined - end <= 3 && (separator === 46 || separator === 95);
      if (found >= 0 || foreign) {
        this.#onSymbol(found >= 0 ? cashtagAssets[found]! : -1, at);
        return joined;
      }
    }
    const found = cashtags.find(this.#codes, start, end);
    this.#onSymbol(found >= 0 ? cashtagAssets[found]! : -1, at);
    return end;
  }

  #plainEnd(from: number): number {
    let i = from;
    while (i < this.#end && this.#classes[this.#codes[i]!] === Class.PLAIN) i += 1;
    return i;
  }
}
