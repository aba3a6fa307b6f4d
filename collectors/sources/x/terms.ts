/** What X is asked for: the cashtags of instruments and terms that are configured, as few rules or queries as hold them. */
import { fail } from '#proto';

import { cashtagOf } from '../../posts/match.ts';

/** What X understands as a cashtag: up to six letters, and up to two behind a point. */
const CASHTAG = /^[A-Z]{1,6}(?:-[A-Z]{1,2})?$/;

export interface Wanted {
  /** Operands of X's query language, each once. */
  readonly terms: readonly string[];
  /** Instruments that have no cashtag X understands. */
  readonly without: readonly string[];
}

/** @param more terms that are configured */
export function wantedTerms(instruments: readonly string[], more: readonly string[]): Wanted {
  const tags = instruments.map((instrument) => ({ instrument, tag: cashtagOf(instrument) }));
  const cashtags = tags.flatMap(({ tag }) => (CASHTAG.test(tag) ? [`$${tag.replace('-', '.')}`] : []));
  return { terms: [...new Set([...cashtags, ...more])], without: tags.filter(({ tag }) => !CASHTAG.test(tag)).map(({ instrument }) => instrument) };
}

/**
 * Expressions of up to `longest` characters that hold all terms, in their order: a term that comes last changes no more than the
 * last expression.
 *
 * @param filter stands behind each of them
 * @throws CONFIG_INVALID when a term does not fit
 */
export function packTerms(terms: readonly string[], filter: string, longest: number): readonly string[] {
  const packed: string[] = [];
  let current: string[] = [];
  for (const term of terms) {
    if (length(written([term], filter)) > longest) throw fail('CONFIG_INVALID', `the term ${term} and the filter are longer than ${longest} characters`);
    if (length(written([...current, term], filter)) > longest) {
      packed.push(written(current, filter));
      current = [];
    }
    current.push(term);
  }
  if (current.length > 0) packed.push(written(current, filter));
  return packed;
}

const written = (terms: readonly string[], filter: string): string => `${terms.length === 1 ? terms[0]! : `(${terms.join(' OR ')})`} ${filter}`.trim();

/** X counts characters, not halves of them. */
const length = (text: string): number => Array.from(text).length;
