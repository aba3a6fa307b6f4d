/** Resolution and sentiment of posts: real tweets about stocks where the recording is there, else the rated texts that ship. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';

import { createPostAnalyser, type InstrumentTable } from '#posts';

import { EXAMPLE_INSTRUMENTS, LEXICON_DATA, RATED_TEXTS, SHARED_TWEETS } from './paths.ts';
import { startUsage, type Usage } from './usage.ts';

export interface PostsRun extends Usage {
  readonly posts: number;
  /** Mentions found, and the sum of compounds: something computed from all of the input. */
  readonly mentions: number;
  readonly compounds: number;
  readonly source: string;
}

export function preparePosts(most: number): () => PostsRun {
  const { texts, source } = load(most);
  const analyse = createPostAnalyser({
    instruments: exampleTable(),
    lexicon: { words: readFileSync(`${LEXICON_DATA}/vader_lexicon.txt`, 'utf8'), emoji: readFileSync(`${LEXICON_DATA}/vader_emoji.txt`, 'utf8') },
  });
  return () => {
    const usage = startUsage();
    let [mentions, compounds] = [0, 0];
    for (const text of texts) {
      const { instruments, compound } = analyse({ text });
      mentions += instruments.length;
      compounds += compound;
    }
    return { ...usage(), posts: texts.length, mentions, compounds, source };
  };
}

function load(most: number): { readonly texts: readonly string[]; readonly source: string } {
  if (existsSync(SHARED_TWEETS)) {
    const lines = gunzipSync(readFileSync(SHARED_TWEETS)).toString('utf8').trimEnd().split('\n').slice(0, most);
    return { texts: lines.map((line) => (JSON.parse(line) as { text: string }).text), source: `${lines.length} tweets about stocks` };
  }
  const rated = readFileSync(RATED_TEXTS, 'utf8').trimEnd().split('\n').map((line) => line.split('\t')[2]!);
  // Again and again, until there are as many as asked for.
  return { texts: Array.from({ length: most }, (_, i) => rated[i % rated.length]!), source: `${rated.length} rated texts, repeated` };
}

function exampleTable(): InstrumentTable {
  const file = parse(readFileSync(EXAMPLE_INSTRUMENTS, 'utf8')) as { assets: InstrumentTable['assets']; stop_words?: string[]; context_words?: string[] };
  return { assets: file.assets, ...(file.stop_words && { stopWords: file.stop_words }), ...(file.context_words && { contextWords: file.context_words }) };
}
