/**
 * Resume tokens: where a subscription goes on, for each partition of `predictions`.
 *
 *   token    = base64url( "1;" position *( "," position ) )
 *   position = partition ":" offset "." rows
 *
 * `offset` is the record to read next, `rows` how many of its rows have been delivered. A token is a
 * position behind a prediction, so resuming from it repeats nothing and leaves nothing out.
 */
import { fail } from '#proto';

export interface Position {
  offset: number;
  rows: number;
}

const GRAMMAR = /^1;\d+:\d+\.\d+(,\d+:\d+\.\d+)*$/;
/** Longer than any token of ours: 4096 partitions. */
const MOST_CHARACTERS = 160_000;

export function encodeToken(positions: ReadonlyMap<number, Position>): string {
  let text = '';
  for (const [partition, { offset, rows }] of positions) {
    text += `${text === '' ? '1;' : ','}${partition}:${offset}.${rows}`;
  }
  return Buffer.from(text, 'latin1').toString('base64url');
}

/** INVALID_RESUME_TOKEN. */
export function decodeToken(token: string): Map<number, Position> {
  const text = token.length > MOST_CHARACTERS ? '' : Buffer.from(token, 'base64url').toString('latin1');
  if (!GRAMMAR.test(text)) throw invalid();
  const positions = new Map<number, Position>();
  for (const part of text.slice(2).split(',')) {
    const [partition, offset, rows] = part.split(/[:.]/).map(Number) as [number, number, number];
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(rows) || positions.has(partition)) throw invalid();
    positions.set(partition, { offset, rows });
  }
  return positions;
}

export function invalid(): Error {
  return fail('INVALID_RESUME_TOKEN', 'the resume token is not one that this server gave');
}
