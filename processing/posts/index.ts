export { createPostAnalyser, type PostAnalyserOptions, type PostAnalysis } from './analyse.ts';
export { parseLexicon, type Lexicon, type LexiconTexts } from './lexicon.ts';
export { createResolver, type Resolver } from './resolve.ts';
export { createSentiment, type Sentiment } from './sentiment.ts';
export { defaultContextWords, defaultStopWords, type Asset, type AssetName, type InstrumentTable } from './table.ts';
