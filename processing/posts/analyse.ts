import { parseLexicon, type LexiconTexts } from './lexicon.ts';
import { createResolver } from './resolve.ts';
import { createSentiment } from './sentiment.ts';
import type { InstrumentTable } from './table.ts';

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
  const resolve = createResolver(options.instruments);
  const sentiment = createSentiment(parseLexicon(options.lexicon));
  return ({ text }) => ({ instruments: resolve(text), compound: sentiment(text) });
}
