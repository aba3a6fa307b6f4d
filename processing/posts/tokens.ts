import { Kind, isPunctuation, kindsOf } from './chars.ts';
import { pointAt, type Units } from './units.ts';
import { Trait, type Vocabulary } from './vocabulary.ts';

export const UNKNOWN = -1;
/** Not in the vocabulary, but it contains "n't". */
export const UNKNOWN_NEGATOR = -2;

/** The tokens of the newest text: valid until the next `read`. */
export interface Tokens {
  readonly length: number;
  /** Of the vocabulary, or UNKNOWN, UNKNOWN_NEGATOR. */
  readonly ids: Int32Array;
  /** 1 for a token in capitals. */
  readonly capitals: Uint8Array;
  readonly anyCapitals: boolean;
  readonly allCapitals: boolean;
  readonly exclamations: number;
  readonly questions: number;
}

/** Buffers kept between texts; what a longer text needed is given back. */
const KEPT = 4096;
/** A longer token is no lengthened word ("sooooo"). */
const LONGEST_LENGTHENED = 64;

const UPPER = 1 << Kind.UPPER;
const LOWER = 1 << Kind.LOWER;
const SYMBOL = 1 << Kind.SYMBOL;
const FOREIGN = 1 << Kind.FOREIGN;
const EMOJI = 1 << Kind.EMOJI;
/** A letter three times in a row. */
const LENGTHENED = 1 << 8;

/**
 * Splits texts at white space, and around emoji, into tokens. A token is looked up as it stands, so that emoticons are
 * found; then without the punctuation around it; then with letters said three times or more said twice, or once.
 */
export class Tokenizer implements Tokens {
  readonly #vocabulary: Vocabulary;
  readonly #kinds: Uint8Array;
  length = 0;
  ids = new Int32Array(KEPT);
  capitals = new Uint8Array(KEPT);
  anyCapitals = false;
  allCapitals = false;
  exclamations = 0;
  questions = 0;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#kinds = kindsOf(vocabulary.emoji.keys());
  }

  read(units: Units): Tokens {
    this.#reset();
    const { codes, length } = units;
    const kinds = this.#kinds;
    let start = -1;
    // Of the token that began at `start`: a bit for every kind in it, and LENGTHENED.
    let seen = 0;
    let previous = 0;
    let said = 0;
    for (let i = 0; i < length; i++) {
      const code = codes[i]!;
      const kind = kinds[code]!;
      let emoji: Int32Array | undefined;
      if (kind > Kind.FOREIGN) {
        const point = kind === Kind.EMOJI ? pointAt(codes, i) : 0;
        emoji = kind === Kind.EMOJI ? this.#vocabulary.emoji.get(point) : undefined;
        if (kind === Kind.SEPARATOR || emoji !== undefined) {
          if (start >= 0) this.#token(units, start, i, seen);
          start = -1;
          if (emoji !== undefined) for (const word of emoji) this.#push(word, 0);
          if (point > 0xffff) i += 1;
          continue;
        }
        if (point > 0xffff) i += 1;
      }
      if (start < 0) {
        start = i;
        seen = 0;
        previous = -1;
      }
      seen |= 1 << kind;
      said = code === previous ? said + 1 : 1;
      if (said === 3) seen |= LENGTHENED;
      previous = code;
      if (kind === Kind.SYMBOL) {
        if (code === 33) this.exclamations += 1;
        else if (code === 63) this.questions += 1;
      }
    }
    if (start >= 0) this.#token(units, start, length, seen);
    this.#joinPhrases();
    return this;
  }

  #reset(): void {
    if (this.ids.length > KEPT) {
      this.ids = new Int32Array(KEPT);
      this.capitals = new Uint8Array(KEPT);
    }
    this.length = 0;
    this.anyCapitals = false;
    this.allCapitals = true;
    this.exclamations = 0;
    this.questions = 0;
  }

  #push(id: number, capital: number): void {
    if (this.length === this.ids.length) {
      const ids = new Int32Array(this.length * 2);
      const capitals = new Uint8Array(this.length * 2);
      ids.set(this.ids);
      capitals.set(this.capitals);
      this.ids = ids;
      this.capitals = capitals;
    }
    this.ids[this.length] = id;
    this.capitals[this.length] = capital;
    this.length += 1;
    if (capital === 1) this.anyCapitals = true;
    else this.allCapitals = false;
  }

  #token(units: Units, start: number, end: number, seen: number): void {
    let upper = (seen & UPPER) !== 0;
    let lower = (seen & LOWER) !== 0;
    if ((seen & (FOREIGN | EMOJI)) !== 0) {
      const word = units.text.slice(start, end);
      upper = word !== word.toLowerCase();
      lower = word !== word.toUpperCase();
    }
    let id = this.#find(units, start, end, seen);
    if (id === UNKNOWN && (seen & (SYMBOL | FOREIGN)) !== 0 && saysNot(units.codes, start, end)) id = UNKNOWN_NEGATOR;
    this.#push(id, upper && !lower ? 1 : 0);
  }

  #find({ text, codes }: Units, start: number, end: number, seen: number): number {
    const { table, faces, longestFace } = this.#vocabulary;
    let first = start;
    let last = end;
    if ((seen & (SYMBOL | FOREIGN)) !== 0) {
      if ((seen & (UPPER | FOREIGN)) !== 0 && end - start <= longestFace) {
        const face = faces.get(text.slice(start, end));
        if (face !== undefined) return face;
      }
      while (first < last && isPunctuation(codes[first]!)) first += 1;
      while (last > first && isPunctuation(codes[last - 1]!)) last -= 1;
      if (last - first < end - start) {
        const written = table.find(codes, start, end);
        if (written >= 0) return written;
      }
      if (first === last) {
        first = start;
        last = end;
      }
    }
    const bare = table.find(codes, first, last);
    const short = bare < 0 && (seen & LENGTHENED) !== 0 && last - first <= LONGEST_LENGTHENED;
    return short ? this.#shortened(text.slice(first, last)) : bare;
  }

  #shortened(word: string): number {
    const { table } = this.#vocabulary;
    const twice = word.replace(/(.)\1{2,}/gi, '$1$1');
    const found = table.idOf(twice);
    if (found >= 0) return found;
    return table.idOf(word.replace(/(.)\1{2,}/gi, '$1'));
  }

  /** "kind of", "to die for": one token each. */
  #joinPhrases(): void {
    const { traits, phrases } = this.#vocabulary;
    const { ids, capitals } = this;
    let length = 0;
    for (let i = 0; i < this.length; length++) {
      const id = ids[i]!;
      const begins = id >= 0 && (traits[id]! & Trait.BEGINS_PHRASE) !== 0;
      const phrase = begins ? phrases.get(id)!.find(({ words }) => words.every((word, k) => i + k < this.length && ids[i + k] === word)) : undefined;
      ids[length] = phrase?.id ?? id;
      capitals[length] = capitals[i]!;
      i += phrase?.words.length ?? 1;
    }
    this.length = length;
  }
}

/** Contains "n't". */
function saysNot(codes: Uint16Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end - 1; i++) {
    const code = codes[i];
    if (code !== 39 && code !== 0x2019) continue;
    if ((codes[i - 1]! | 32) === 110 && (codes[i + 1]! | 32) === 116) return true;
  }
  return false;
}
