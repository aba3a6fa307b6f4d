import { fail } from '#proto';
import { plainText } from './entities.ts';
import type { AssetName } from './table.ts';
import { wordTable, type WordTable } from './words.ts';

/** A name at the end of a path of words. */
export interface Name {
  readonly asset: number;
  /** As written in the table, for a name whose case counts; else null. */
  readonly written: string | null;
  readonly context: boolean;
}

/** A trie of names over word ids, beside the words themselves. */
export interface Names {
  readonly words: WordTable;
  /** 1 for a word that tells of markets. */
  readonly context: Uint8Array;
  /** By ASCII code: the id of a character that joins words in some name (`AT&T`), else -1. */
  readonly joiners: Int32Array;
  /** Node after a first word, or -1. */
  readonly roots: Int32Array;
  /** Node after `word` at `node`, or -1. */
  step(node: number, word: number): number;
  /** By node: the names that end there, those that ask for least first. */
  readonly ends: readonly (readonly Name[])[];
}

const MARKS = /[\p{M}\p{Cf}]/gu;

/** As compared: compatibility forms, without accents and what has no width. Case stays. */
export function normalized(word: string): string {
  return word.normalize('NFKD').replace(MARKS, '');
}

const PARTS = /[\p{L}\p{N}]+|[^\p{L}\p{N}\s_-]/gu;
const JOINER = /^[!-/:-?[-`{-~]$/;

export function compileNames(assets: readonly (readonly (string | AssetName)[])[], contextWords: readonly string[]): Names {
  const ids = new Map<string, number>();
  const id = (word: string): number => {
    const known = ids.get(word) ?? ids.size;
    ids.set(word, known);
    return known;
  };
  const context = contextWords.map((word) => id(normalized(word).toLowerCase()));
  const steps = new Map<string, number>();
  const ends: Name[][] = [[]];
  assets.forEach((names, asset) => {
    for (const given of names) {
      const { name, letters = 'any', context: needs = false } = typeof given === 'string' ? { name: given } : given;
      let node = 0;
      for (const part of partsOf(name)) {
        const key = `${node} ${id(part)}`;
        const next = steps.get(key) ?? ends.length;
        if (next === ends.length) ends.push([]);
        steps.set(key, next);
        node = next;
      }
      const others = ends[node]!;
      if (others.some((other) => other.asset !== asset)) throw refuse(name, 'is given to two assets');
      others.push({ asset, written: letters === 'written' ? name : null, context: needs });
      others.sort((a, b) => Number(a.context) - Number(b.context));
    }
  });

  const size = ids.size;
  const roots = new Int32Array(size).fill(-1);
  const edges = new Map<number, number>();
  for (const [key, next] of steps) {
    const [node, word] = key.split(' ').map(Number);
    if (node === 0) roots[word!] = next;
    else edges.set(node! * size + word!, next);
  }
  const joiners = new Int32Array(128).fill(-1);
  for (const [word, at] of ids) if (JOINER.test(word)) joiners[word.charCodeAt(0)] = at;
  const markets = new Uint8Array(size);
  for (const word of context) markets[word] = 1;
  return {
    words: wordTable([...ids.keys()]),
    context: markets,
    joiners,
    roots,
    step: (node, word) => edges.get(node * size + word) ?? -1,
    ends,
  };
}

function partsOf(name: string): readonly string[] {
  const parts = normalized(plainText(name).replace(/[‘’]/g, "'")).toLowerCase().match(PARTS) ?? [];
  if (!parts.some((part) => /[\p{L}\p{N}]/u.test(part))) throw refuse(name, 'has no letter or digit');
  const odd = parts.find((part) => !JOINER.test(part) && !/[\p{L}\p{N}]/u.test(part));
  if (odd !== undefined) throw refuse(name, `has a '${odd}', which joins no words`);
  return parts;
}

function refuse(name: string, why: string): Error {
  return fail('CONFIG_INVALID', `instrument table: the name '${name}' ${why}`, { details: { name } });
}
