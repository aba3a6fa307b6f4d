/** Things of Reddit's listings: posts (`t3`) and comments (`t1`). */
import { fail } from '#proto';

import type { NetworkPost } from '../../posts/live-posts.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';
import { timeOf } from '../../values/time.ts';

/** Seconds stand above these bits of the id, which tell apart what was posted in one. */
const SHIFT = 20n;

/** The first position of a time; microseconds. */
export const positionAt = (timeUs: number): bigint => BigInt(Math.floor(timeUs / 1e6)) << SHIFT;

/** Microseconds. */
export const timeOfPosition = (position: bigint): number => Number(position >> SHIFT) * 1e6;

export interface Thing {
  /** Kind and id: `t3_1abcde`. */
  readonly fullname: string;
  /** Rises with the time at which it was posted. */
  readonly position: bigint;
  /** Changes when it is edited or taken away. */
  readonly state: string;
  /** Null: deleted by its author, or removed. */
  readonly post: NetworkPost | null;
}

export const GONE = 'gone';
const TAKEN: ReadonlySet<unknown> = new Set(['[deleted]', '[removed]']);

/** @throws MALFORMED_RECORD */
export function thingOf(child: unknown): Thing {
  const { kind, data } = object(child, 'child');
  if (kind !== 't3' && kind !== 't1') throw fail('MALFORMED_RECORD', 'kind is none of t1, t3');
  const thing = object(data, 'data');
  const fullname = text(thing['name'], 'name');
  const id = /^t[13]_([0-9a-z]{1,13})$/.exec(fullname)?.[1];
  if (id === undefined || !fullname.startsWith(kind)) throw fail('MALFORMED_RECORD', 'name is not a fullname');
  const created = timeOf(thing['created_utc'], 's', 'created_utc');
  const { edited } = thing;
  // Edits of long ago have no time: true.
  const editedUs = typeof edited === 'number' ? timeOf(edited, 's', 'edited') : 0;
  const position = positionAt(created) + (numberOf(id) & ((1n << SHIFT) - 1n));
  const said = kind === 't3' ? postText(thing) : text(thing['body'], 'body');
  const author = text(thing['author_fullname'] ?? thing['author'], 'author');
  const isGone = TAKEN.has(thing['author']) || TAKEN.has(thing[kind === 't3' ? 'selftext' : 'body']) || (thing['removed_by_category'] ?? null) !== null;
  if (isGone) return { fullname, position, state: GONE, post: null };
  return { fullname, position, state: String(edited), post: { id: fullname, author, text: said, language: '', eventTime: Math.max(created, editedUs) } };
}

function postText(post: Json): string {
  const title = text(post['title'], 'title');
  const { selftext } = post;
  return typeof selftext === 'string' && selftext !== '' ? `${title}\n\n${selftext}` : title;
}

/** Of 36 digits. */
function numberOf(id: string): bigint {
  let number = 0n;
  for (const digit of id) number = number * 36n + BigInt(Number.parseInt(digit, 36));
  return number;
}

export interface Page {
  readonly body: string;
  /** The newest first. */
  readonly children: readonly unknown[];
  /** Where older ones go on; null: nowhere. */
  readonly after: string | null;
}

/** @throws MALFORMED_RECORD */
export function pageOf(body: string): Page {
  const listing = object(parseJson(body), 'body');
  if (listing['kind'] !== 'Listing') throw fail('MALFORMED_RECORD', 'kind is not Listing');
  const data = object(listing['data'], 'data');
  const { after } = data;
  return { body, children: array(data['children'], 'children'), after: typeof after === 'string' ? after : null };
}
