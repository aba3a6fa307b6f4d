/** Which instruments a text is about: by the table of the pipeline, or, where there is none, by cashtags alone. */
import { fail } from '#proto';

import type { Live } from '../live/live.ts';

/** `$AAPL`, `$BRK.B`: not part of a word, not money. Linear in the text. */
const CASHTAG = /(?<![\p{L}\p{N}_$])\$([a-z][a-z0-9]{0,14}(?:[.-][a-z]{1,2}(?![\p{L}\p{N}_]))?)(?![\p{L}\p{N}_])/giu;

/** What a pair is quoted in: `$BTC` is about BTC-USD. */
const QUOTED = /^(.+)[-/](?:USD|USDT|USDC|EUR|GBP)$/;

/** Longer texts are not looked through beyond this: Reddit's have up to 40,000 characters, X's 25,000. */
const LONGEST = 200_000;

/**
 * Instruments of a text, each once. With a table: those it names, of these the ones that are collected, or all where no set
 * is given. Without one: those whose cashtag stands in the text.
 *
 * @throws CONFIG_INVALID when there is neither a table nor an instrument: nothing could ever match
 */
export function postMatcher({ environment, instruments, name }: Pick<Live, 'environment' | 'instruments' | 'name'>): (text: string) => readonly string[] {
  const { instrumentsOf } = environment;
  let set = instruments.current();
  if (set.length === 0 && !instrumentsOf) throw fail('CONFIG_INVALID', `source ${name} collects nothing: give it instruments, or a table under posts.instruments`);
  let find = finder(set, instrumentsOf);
  return (text) => {
    const now = instruments.current();
    if (now !== set) {
      set = now;
      find = finder(set, instrumentsOf);
    }
    return find(text.length > LONGEST ? text.slice(0, LONGEST) : text);
  };
}

function finder(instruments: readonly string[], instrumentsOf?: (text: string) => readonly string[]): (text: string) => readonly string[] {
  if (instrumentsOf) {
    const collected = new Set(instruments);
    return instruments.length === 0 ? instrumentsOf : (text) => instrumentsOf(text).filter((instrument) => collected.has(instrument));
  }
  const tags = new Map<string, string[]>();
  for (const instrument of instruments) {
    const tag = cashtagOf(instrument);
    tags.set(tag, [...(tags.get(tag) ?? []), instrument]);
  }
  return (text) => {
    if (!text.includes('$')) return [];
    const found = new Set<string>();
    for (const [, tag] of text.matchAll(CASHTAG)) for (const instrument of tags.get(spelled(tag!)) ?? []) found.add(instrument);
    return [...found];
  };
}

const spelled = (tag: string): string => tag.toUpperCase().replace('.', '-');

/** `yahoo:BRK-B` → BRK-B, `coinbase:BTC-USD` → BTC. */
export function cashtagOf(instrument: string): string {
  const symbol = spelled(instrument.slice(instrument.indexOf(':') + 1));
  return QUOTED.exec(symbol)?.[1] ?? symbol;
}
