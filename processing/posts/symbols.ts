import { fail } from '#proto';
import { normalized } from './names.ts';
import type { Asset } from './table.ts';
import { foldCode, wordTable, type WordTable } from './words.ts';

/** Symbols to assets. Their words are found as written in a post. */
export interface Symbols {
  /** In any case; a separator is any of `.`, `-`, `_`, `/`. */
  readonly cashtags: WordTable;
  readonly cashtagAssets: Int32Array;
  /** In capitals only, without stop words. */
  readonly tickers: WordTable;
  readonly tickerAssets: Int32Array;
}

export const isJoint = (code: number): boolean => code === 45 || code === 46 || code === 47 || code === 95;

const joint = (code: number): number => (isJoint(code) ? 46 : code);

const SYMBOL = /^[A-Za-z][A-Za-z0-9]*(?:[._/-][A-Za-z0-9]+)?$/;

export function compileSymbols(assets: readonly Asset[], stopWords: readonly string[]): Symbols {
  const stop = new Set(stopWords.map((word) => normalized(word).toUpperCase()));
  const cashtags = new Map<string, number>();
  const tickers = new Map<string, number>();
  assets.forEach(({ symbols = [], cashtags: only = [] }, asset) => {
    for (const symbol of [...symbols, ...only]) {
      if (!SYMBOL.test(symbol)) throw refuse(symbol, 'is not letters and digits, with at most one separator');
      const key = symbol.toUpperCase().replace(/[_/-]/, '.');
      if ((cashtags.get(key) ?? asset) !== asset) throw refuse(symbol, 'is given to two assets');
      cashtags.set(key, asset);
      if (symbols.includes(symbol) && !stop.has(symbol.toUpperCase())) tickers.set(key, asset);
    }
  });
  return {
    cashtags: wordTable([...cashtags.keys()], (code) => joint(foldCode(code))),
    cashtagAssets: Int32Array.from(cashtags.values()),
    tickers: wordTable([...tickers.keys()], joint),
    tickerAssets: Int32Array.from(tickers.values()),
  };
}

function refuse(symbol: string, why: string): Error {
  return fail('CONFIG_INVALID', `instrument table: the symbol '${symbol}' ${why}`, { details: { symbol } });
}
