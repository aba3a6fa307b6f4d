import type { Lexicon } from './lexicon.ts';
import { AFTER_BUT, ALPHA, BEFORE_BUT, BOOST_AT_DISTANCE, CAPITALS, EXCLAMATION, MANY_QUESTIONS, MOST_EXCLAMATIONS, NEGATION, NEVER_SO, QUESTION } from './rules.ts';
import { Tokenizer, UNKNOWN_NEGATOR, type Tokens } from './tokens.ts';
import { Units } from './units.ts';
import { Trait, compileVocabulary, type Vocabulary } from './vocabulary.ts';

const { min, sign, sqrt } = Math;

/** Sentiment of a text, −1 to 1; 0 where no word has one. Costs time in proportion to the text, whatever is in it. */
export type Sentiment = (text: string) => number;

/**
 * VADER (Hutto & Gilbert 2014), by its published rules. Every word of the lexicon has a valence, which the words around it
 * raise, damp or turn; the sum s gives s/√(s² + 15). Where we read otherwise than the authors' release 3.3.2 does:
 *
 * - `&lt;3` is `<3`, `don’t` is "don't", `“great”` is "great"; lengthened words ("YESSSS") count as the short ones.
 * - A token of two letters loses the punctuation around it too ("Ha!").
 * - Negation turns a word once, not once for every negator before it ("DON'T CARE DON'T CARE").
 * - "No no no" stays negative: "no" is neither silenced nor turned by another "no".
 * - Phrases ("kind of", "to die for", "fed up") are one token wherever they stand.
 * - `D:` is the sad face that raters saw, not a mirrored `:d`.
 */
export function createSentiment(lexicon: Lexicon): Sentiment {
  const units = new Units();
  const compound = compoundOf(lexicon);
  return (text) => compound(units.load(text));
}

/** The same, of a text that is loaded already. */
export function compoundOf(lexicon: Lexicon): (units: Units) => number {
  const vocabulary = compileVocabulary(lexicon);
  const tokenizer = new Tokenizer(vocabulary);
  return (units) => {
    const tokens = tokenizer.read(units);
    let sum = total(vocabulary, tokens);
    if (sum === 0) return 0;
    sum += sign(sum) * punctuation(tokens);
    return sum / sqrt(sum * sum + ALPHA);
  };
}

function punctuation({ exclamations, questions }: Tokens): number {
  const asked = questions < 2 ? 0 : questions <= 3 ? questions * QUESTION : MANY_QUESTIONS;
  return min(exclamations, MOST_EXCLAMATIONS) * EXCLAMATION + asked;
}

function total(vocabulary: Vocabulary, tokens: Tokens): number {
  const { traits, named } = vocabulary;
  const { ids, length } = tokens;
  let sum = 0;
  let weight = 1;
  for (let i = 0; i < length; i++) {
    const id = ids[i]!;
    if (id < 0) continue;
    if (id === named.but && weight === 1) {
      sum *= BEFORE_BUT;
      weight = AFTER_BUT;
    } else if ((traits[id]! & (Trait.VALENCE | Trait.BOOSTER)) === Trait.VALENCE) {
      sum += weight * valence(vocabulary, tokens, i);
    }
  }
  return sum;
}

/** Of the word at `i`, as the three before it and the one after it leave it. */
function valence({ traits, valences, boosts, named }: Vocabulary, tokens: Tokens, i: number): number {
  const { ids, capitals, length } = tokens;
  const emphasis = tokens.anyCapitals && !tokens.allCapitals;
  const id = ids[i]!;
  const before = i > 0 ? ids[i - 1]! : -1;
  let value = valences[id]!;
  let turned = false;

  if (id === named.no) {
    const next = i + 1 < length ? ids[i + 1]! : -1;
    if (next >= 0 && next !== named.no && (traits[next]! & Trait.VALENCE) !== 0) return 0;
  } else if (saidNo(ids, i, named)) {
    value *= NEGATION;
  }
  if (emphasis && capitals[i] === 1) value += value > 0 ? CAPITALS : -CAPITALS;

  for (let distance = 1; distance <= 3 && distance <= i; distance++) {
    const at = i - distance;
    const word = ids[at]!;
    const known = word >= 0 ? traits[word]! : word === UNKNOWN_NEGATOR ? Trait.NEGATOR : 0;
    if ((known & Trait.VALENCE) !== 0) continue;
    if ((known & Trait.BOOSTER) !== 0) {
      let boost = value < 0 ? -boosts[word]! : boosts[word]!;
      if (emphasis && capitals[at] === 1) boost += value > 0 ? CAPITALS : -CAPITALS;
      value += boost * BOOST_AT_DISTANCE[distance - 1]!;
    }
    if (distance > 1 && neverSo(ids, i, distance, named)) {
      value *= NEVER_SO;
    } else if ((known & Trait.NEGATOR) !== 0 && !turned && !(word === named.without && doubtFollows(ids, at, i, named))) {
      value *= NEGATION;
      turned = true;
    }
  }

  if (before === named.least && (i < 2 || (ids[i - 2] !== named.at && ids[i - 2] !== named.very))) value *= NEGATION;
  return value;
}

type Named = Vocabulary['named'];

/** "no good", "no very good", "no good or great". */
function saidNo(ids: Int32Array, i: number, { no, or, nor }: Named): boolean {
  if (i > 0 && ids[i - 1] === no) return true;
  if (i > 1 && ids[i - 2] === no) return true;
  return i > 2 && ids[i - 3] === no && (ids[i - 1] === or || ids[i - 1] === nor);
}

/** "never so good", "never this bad"; from the third word on, "so" or "this" right before is enough. */
function neverSo(ids: Int32Array, i: number, distance: number, { never, so, this: these }: Named): boolean {
  const near = ids[i - 1] === so || ids[i - 1] === these;
  if (distance === 2) return near && ids[i - 2] === never;
  return near || (ids[i - 3] === never && (ids[i - 2] === so || ids[i - 2] === these));
}

/** "without a doubt", "without doubt the best": no negation. */
function doubtFollows(ids: Int32Array, from: number, to: number, { doubt }: Named): boolean {
  for (let k = from + 1; k < to; k++) if (ids[k] === doubt) return true;
  return false;
}
