/** What the pipeline makes of posts: their sentiment, and the instruments they name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { createResolver, createSentiment, parseLexicon, type LexiconTexts, type Resolver, type Sentiment } from '#posts';
import { fail, type Post } from '#proto';

import { readInstrumentTable } from '../config/instruments.ts';
import type { Config } from '../config/schema.ts';
import { packageRoot } from '../package.ts';

function lexiconTexts(): LexiconTexts {
  const read = (file: string): string => {
    try {
      return readFileSync(join(packageRoot, 'processing/posts/data', file), 'utf8');
    } catch (cause) {
      throw fail('FILE_UNREADABLE', `${file} of the sentiment lexicon cannot be read`, { cause });
    }
  };
  return { words: read('vader_lexicon.txt'), emoji: read('vader_emoji.txt') };
}

/** Sentiment of a text, in [-1, 1]. The lexicon is read with the first one. */
export function textSentiment(): Sentiment {
  let sentiment: Sentiment | undefined;
  return (text) => {
    sentiment ??= createSentiment(parseLexicon(lexiconTexts()));
    return sentiment(text);
  };
}

export function postSentiment(): (post: Post) => number {
  const sentiment = textSentiment();
  return ({ text }) => sentiment(text);
}

/** By the configured table; null where none is configured. FILE_UNREADABLE, CONFIG_INVALID. */
export function postResolver({ posts }: Config): Resolver | null {
  return posts.instruments === undefined ? null : createResolver(readInstrumentTable(posts.instruments));
}
