import { parseLexicon, type LexiconTexts } from './lexicon.ts';
import { instrumentsOf } from './resolve.ts';
import { compoundOf } from './sentiment.ts';
import type { InstrumentTable } from './table.ts';
import { Units } from './units.ts';

/** What a post says: about which instruments, and in which mood. */
export interface PostAnalysis {
  /** Each once, in the order of their first mention; frozen where it is not new. */
  readonly instruments: readonly string[];
  /** VADER's compound, −1 to 1. */
  readonly compound: number;
}

export interface PostAnalyserOptions {
  readonly instruments: InstrumentTable;
  /** Contents of the files under `processing/posts/data`. */
  readonly lexicon: LexiconTexts;
}

/** A post's instruments and sentiment in one call: pure, of its text alone. Throws CONFIG_INVALID for a table or lexicon that does not compile. */
export function createPostAnalyser(options: PostAnalyserOptions): (post: { readonly text: string }) => PostAnalysis {
  const units = new Units();
  const instruments = instrumentsOf(options.instruments);
  const compound = compoundOf(parseLexicon(options.lexicon));
  return ({ text }) => {
    units.load(text);
    return { instruments: instruments(units), compound: compound(units) };
  };
}
