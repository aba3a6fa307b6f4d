import { fail } from '#proto';

/** Valences of words and emoticons, and what emoji say. */
export interface Lexicon {
  /** In lower case, or several words with a blank between; −4 to 4. */
  readonly words: ReadonlyMap<string, number>;
  /** Emoticons that mean what they mean only as written: `D:` is not `d:`. */
  readonly faces: ReadonlyMap<string, number>;
  /** One code point to its description, `grinning face`. */
  readonly emoji: ReadonlyMap<number, string>;
}

/** Contents of the files under `processing/posts/data`. */
export interface LexiconTexts {
  /** `vader_lexicon.txt`: token, tab, mean valence, and more columns that are not read. */
  readonly words: string;
  /**
   * `vader_emoji.txt`: emoji, tab, description. Sequences of several code points are read by their parts.
   * @default none
   */
  readonly emoji?: string;
}

/**
 * Read VADER's files. Throws CONFIG_INVALID for a line without a valence between −4 and 4.
 *
 * The published list gives 14 tokens twice. Of words the later line counts. An emoticon in two cases was written in lower
 * case both times (`d:` is −2.9 for `D:` and 1.2 for a mirrored `:d`), the capital one first: so they are told apart here.
 */
export function parseLexicon(texts: LexiconTexts): Lexicon {
  const words = new Map<string, number>();
  const faces = new Map<string, number>();
  rows(texts.words, (token, value, line) => {
    const valence = Number(value);
    if (value.trim() === '' || !(Math.abs(valence) <= 4)) {
      throw fail('CONFIG_INVALID', `lexicon, line ${line}: '${token}' has no valence between -4 and 4`, { details: { line } });
    }
    const lower = token.toLowerCase();
    const face = /[^\p{L}\p{N}\s]/u.test(token) && /\p{L}/u.test(token) && !/\p{L}{3}/u.test(token);
    const earlier = words.get(token);
    if (face && earlier !== undefined) faces.set(token.toUpperCase(), earlier);
    if (face && token !== lower) faces.set(token, valence);
    if (lower === token || !words.has(lower)) words.set(lower, valence);
  });

  const emoji = new Map<number, string>();
  rows(texts.emoji ?? '', (token, description) => {
    const code = token.codePointAt(0)!;
    if (token.length === (code > 0xffff ? 2 : 1) && code > 0x7f) emoji.set(code, description);
  });
  return { words, faces, emoji };
}

function rows(text: string, row: (first: string, second: string, line: number) => void): void {
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const [first = '', second = ''] = line.trim().split('\t');
    row(first.trim(), second, index + 1);
  });
}
