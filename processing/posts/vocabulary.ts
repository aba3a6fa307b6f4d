import type { Lexicon } from './lexicon.ts';
import { BOOST, DAMPERS, IDIOMS, INTENSIFIERS, NEGATORS } from './rules.ts';
import { wordTable, type WordTable } from './words.ts';

/** What a word can be, as bits. */
export const Trait = { VALENCE: 1, BOOSTER: 2, NEGATOR: 4, BEGINS_PHRASE: 8 } as const;

/** Words that rules name. */
const NAMED = ['no', 'but', 'least', 'at', 'very', 'never', 'so', 'this', 'without', 'doubt', 'or', 'nor'] as const;

/** A token of several words: all its words, and the id that stands for them together. */
export interface Phrase {
  readonly words: readonly number[];
  readonly id: number;
}

/** The lexicon and the rules' words with small ids, so that a text becomes numbers once. */
export interface Vocabulary {
  readonly table: WordTable;
  /** By id; 0 for a word that has none. */
  readonly valences: Float64Array;
  readonly boosts: Float64Array;
  readonly traits: Uint8Array;
  readonly named: Readonly<Record<(typeof NAMED)[number], number>>;
  /** By the id of their first word, longest first. */
  readonly phrases: ReadonlyMap<number, readonly Phrase[]>;
  readonly faces: ReadonlyMap<string, number>;
  readonly longestFace: number;
  readonly emoji: ReadonlyMap<number, Int32Array>;
}

const split = (phrase: string): readonly string[] => phrase.split(/\s+/);

export function compileVocabulary(lexicon: Lexicon): Vocabulary {
  const ids = new Map<string, number>();
  const id = (word: string): number => {
    const known = ids.get(word);
    if (known !== undefined) return known;
    ids.set(word, ids.size);
    return ids.size - 1;
  };
  const tokens = [...lexicon.words.keys(), ...Object.keys(IDIOMS), ...DAMPERS];
  [...tokens, ...INTENSIFIERS, ...NEGATORS, ...NAMED].forEach(id);
  for (const token of tokens) split(token).forEach(id);
  const emoji = new Map(
    [...lexicon.emoji].map(([code, text]) => [code, Int32Array.from(split(text.toLowerCase()), (word) => id(bare(word)))]),
  );
  const faces = new Map([...lexicon.faces.keys()].map((face) => [face, id(` ${face}`)]));

  const valences = new Float64Array(ids.size);
  const boosts = new Float64Array(ids.size);
  const traits = new Uint8Array(ids.size);
  const mark = (word: number, trait: number): void => {
    traits[word] = traits[word]! | trait;
  };
  const value = (word: number, valence: number): void => {
    valences[word] = valence;
    mark(word, Trait.VALENCE);
  };
  for (const [word, valence] of lexicon.words) value(id(word), valence);
  for (const [face, valence] of lexicon.faces) value(faces.get(face)!, valence);
  for (const [phrase, valence] of Object.entries(IDIOMS)) value(id(phrase), valence);
  for (const word of INTENSIFIERS) boosts[id(word)] = BOOST;
  for (const word of DAMPERS) boosts[id(word)] = -BOOST;
  for (const word of [...INTENSIFIERS, ...DAMPERS]) mark(id(word), Trait.BOOSTER);
  for (const word of NEGATORS) mark(id(word), Trait.NEGATOR);

  const phrases = new Map<number, Phrase[]>();
  for (const token of new Set(tokens)) {
    const [first, ...rest] = split(token).map(id);
    if (rest.length === 0) continue;
    mark(first!, Trait.BEGINS_PHRASE);
    phrases.set(first!, [...(phrases.get(first!) ?? []), { words: [first!, ...rest], id: id(token) }]);
  }
  for (const list of phrases.values()) list.sort((a, b) => b.words.length - a.words.length);

  return {
    table: wordTable([...ids.keys()]),
    valences,
    boosts,
    traits,
    named: Object.fromEntries(NAMED.map((word) => [word, id(word)])) as Record<(typeof NAMED)[number], number>,
    phrases,
    faces,
    longestFace: Math.max(0, ...[...faces.keys()].map((face) => face.length)),
    emoji,
  };
}

const bare = (word: string): string => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '') || word;
