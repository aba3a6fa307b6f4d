import { unitsOf } from './units.ts';

/** Words of a fixed list, found among the code units of a text: no substring is made for a look-up. */
export interface WordTable {
  readonly size: number;
  /** The word's index in the list, or -1. Folds as the table was told to. */
  find(codes: Uint16Array, start: number, end: number): number;
  /** The same for a word by itself. */
  idOf(word: string): number;
}

/** ASCII letters to lower case, the typographic apostrophe to the plain one. */
export function foldCode(code: number): number {
  if (code >= 65 && code <= 90) return code + 32;
  return code === 0x2019 || code === 0x2018 ? 39 : code;
}

const { imul, min } = Math;

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * A table over `words`, compared after `fold`; of words equal after folding the first is found. Longer candidates
 * than the longest word cost nothing, so a hostile text costs no more than its length.
 * @default fold foldCode
 */
export function wordTable(words: readonly string[], fold: (code: number) => number = foldCode): WordTable {
  let bits = 4;
  while (1 << bits < words.length * 2) bits += 1;
  const mask = (1 << bits) - 1;
  const slots = new Int32Array(1 << bits).fill(-1);
  const hashes = new Int32Array(words.length);
  const offsets = new Int32Array(words.length + 1);
  const chars = new Uint16Array(words.reduce((sum, word) => sum + word.length, 0));
  // Folding by look-up: one table for the whole plane keeps the loop below free of branches.
  const folds = Uint16Array.from({ length: 0x10000 }, (_, code) => fold(code));
  // Lengths of words, as bits, by their first and last sign: most candidates go no further.
  const lengths = new Int32Array(1 << 14);
  let longest = 0;

  const shape = (codes: Uint16Array, start: number, end: number): number =>
    ((folds[codes[start]!]! & 127) << 7) | (folds[codes[end - 1]!]! & 127);

  function find(codes: Uint16Array, start: number, end: number): number {
    const length = end - start;
    if (length > longest || length <= 0) return -1;
    if ((lengths[shape(codes, start, end)]! & (1 << min(length, 31))) === 0) return -1;
    let hash = FNV_OFFSET;
    for (let i = start; i < end; i++) hash = imul(hash ^ folds[codes[i]!]!, FNV_PRIME);
    hash ^= hash >>> 15;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]!;
      if (id < 0) return -1;
      if (hashes[id] === hash && equals(id, codes, start, length)) return id;
    }
  }

  function equals(id: number, codes: Uint16Array, start: number, length: number): boolean {
    const offset = offsets[id]!;
    if (offsets[id + 1]! - offset !== length) return false;
    for (let i = 0; i < length; i++) if (chars[offset + i] !== folds[codes[start + i]!]) return false;
    return true;
  }

  const idOf = (word: string): number => find(unitsOf(word), 0, word.length);

  words.forEach((word, id) => {
    const offset = offsets[id]!;
    offsets[id + 1] = offset + word.length;
    let hash = FNV_OFFSET;
    for (let i = 0; i < word.length; i++) {
      const code = folds[word.charCodeAt(i)]!;
      chars[offset + i] = code;
      hash = imul(hash ^ code, FNV_PRIME);
    }
    hash ^= hash >>> 15;
    hashes[id] = hash;
    if (idOf(word) >= 0) return;
    longest = Math.max(longest, word.length);
    const at = shape(unitsOf(word), 0, word.length);
    lengths[at] = lengths[at]! | (1 << min(word.length, 31));
    let slot = hash & mask;
    while (slots[slot]! >= 0) slot = (slot + 1) & mask;
    slots[slot] = id;
  });
  return { size: words.length, find, idOf };
}
