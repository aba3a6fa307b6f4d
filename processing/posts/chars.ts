/** What a code unit is to the tokenizer of sentiment. Those up to FOREIGN are part of a token. */
export const Kind = { DIGIT: 0, LOWER: 1, UPPER: 2, SYMBOL: 3, FOREIGN: 4, SEPARATOR: 5, EMOJI: 6 } as const;

/** White space, what has no width, and typographic quotes, dashes and dots, which the lexicon does not use. */
const SEPARATORS: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x20],
  [0x7f, 0xa0],
  [0xab, 0xab],
  [0xad, 0xad],
  [0xbb, 0xbb],
  [0x1680, 0x1680],
  [0x2000, 0x2015],
  [0x201a, 0x202f],
  [0x205f, 0x2064],
  [0x2066, 0x2069],
  [0x3000, 0x3000],
  [0xfe0e, 0xfe0f],
  [0xfeff, 0xfeff],
];

/** `Kind` of every code unit. EMOJI: the code points given, and every high surrogate. */
export function kindsOf(emoji: Iterable<number>): Uint8Array {
  const kinds = new Uint8Array(0x10000).fill(Kind.FOREIGN);
  kinds.fill(Kind.SYMBOL, 0, 128);
  kinds.fill(Kind.DIGIT, 48, 58);
  kinds.fill(Kind.LOWER, 97, 123);
  kinds.fill(Kind.UPPER, 65, 91);
  for (const [from, to] of SEPARATORS) kinds.fill(Kind.SEPARATOR, from, to + 1);
  for (const code of emoji) if (code <= 0xffff) kinds[code] = Kind.EMOJI;
  kinds.fill(Kind.EMOJI, 0xd800, 0xdc00);
  return kinds;
}

/** Of ASCII, and typographic apostrophes. */
export function isPunctuation(code: number): boolean {
  return (
    (code >= 33 && code <= 47) ||
    (code >= 58 && code <= 64) ||
    (code >= 91 && code <= 96) ||
    (code >= 123 && code <= 126) ||
    code === 0x2018 ||
    code === 0x2019
  );
}
