/** For tests: the shipped lexicon, the rated texts, the example table, and recordings that may be absent. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import type { Asset, InstrumentTable } from '../table.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export const LEXICON = {
  words: read('processing/posts/data/vader_lexicon.txt'),
  emoji: read('processing/posts/data/vader_emoji.txt'),
};

/** Hutto & Gilbert's 4,200 texts with the mean of 20 people's ratings, −4 to 4. */
export function ratedTexts(): readonly { readonly rating: number; readonly text: string }[] {
  const lines = read('processing/posts/testing/data/vader_tweets_GroundTruth.txt').trimEnd().split('\n');
  return lines.map((line) => {
    const [, rating, text] = line.split('\t');
    return { rating: Number(rating), text: text! };
  });
}

/**
 * What the authors' release gives for each of them. Made with, after `pip install vaderSentiment==3.3.2`:
 * `python -c "from vaderSentiment.vaderSentiment import *; a = SentimentIntensityAnalyzer(); [print(a.polarity_scores(
 * l.rstrip('\\n').split('\\t')[2])['compound']) for l in open('vader_tweets_GroundTruth.txt', encoding='utf-8')]"`
 */
export function releaseCompounds(): readonly number[] {
  return read('processing/posts/testing/data/vader_compounds.txt').trimEnd().split('\n').map(Number);
}

export function exampleTable(): InstrumentTable {
  const file = parse(read('examples/instruments.yaml')) as {
    readonly assets: readonly Asset[];
    readonly stop_words?: readonly string[];
    readonly context_words?: readonly string[];
  };
  return {
    assets: file.assets,
    ...(file.stop_words && { stopWords: file.stop_words }),
    ...(file.context_words && { contextWords: file.context_words }),
  };
}

export interface Tweet {
  readonly text: string;
  readonly sym: readonly string[];
}

/** 67,195 tweets of 2014 and 2015 about 88 stocks; null where the recording is absent. */
export function stocknetTweets(): readonly Tweet[] | null {
  const file = join(root, '../shared/data/tests-only/stocknet_tweets_201401_201507.ndjson.gz');
  if (!existsSync(file)) return null;
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Tweet);
}
