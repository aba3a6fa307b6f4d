/** StockTwits' messages, as pages of a symbol's stream hold them. */
import { asForetickError } from '#proto';

import { htmlText } from '../../posts/html.ts';
import type { NetworkPost } from '../../posts/live-posts.ts';
import { whole } from '../../values/decimal.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';

export interface Message {
  readonly id: number;
  /** Null: of somebody else, passed on. */
  readonly post: Omit<NetworkPost, 'instruments'> | null;
}

/** The most that StockTwits gives at once. */
export const PAGE = 30;

/** @param tag whether the tag of its author is the last line of the text @throws MALFORMED_RECORD */
export function messageOf(value: unknown, tag: boolean): Message {
  const message = object(value, 'message');
  const id = whole(message['id'], 'id');
  const eventTime = rfc3339(message['created_at'], 'created_at');
  const author = object(message['user'], 'user')['id'];
  // Characters are written as HTML does; tags are not: what looks like one is the author's.
  const body = htmlText(text(message['body'], 'body').replaceAll('<', '&lt;'));
  if (typeof message['reshare_message'] === 'object' && message['reshare_message'] !== null) return { id, post: null };
  const stance = tag ? stanceOf(message) : null;
  return { id, post: { id: String(id), author: String(whole(author, 'user.id')), text: stance === null ? body : `${body}\n${stance}`, language: '', eventTime } };
}

function stanceOf({ entities }: Json): string | null {
  const { sentiment } = (entities ?? {}) as { readonly sentiment?: { readonly basic?: unknown } | null };
  const basic = sentiment?.basic;
  return basic === 'Bullish' || basic === 'Bearish' ? basic : null;
}

export interface Page {
  readonly body: string;
  readonly receipt: number;
  /** The newest first, as they came. */
  readonly messages: readonly Message[];
  /** Why messages of it could not be read. */
  readonly broken: readonly string[];
  /** Of all whose id can be read; null when there are none. */
  readonly ids: { readonly lowest: number; readonly highest: number } | null;
  /** Whether older ones may follow. */
  readonly isFull: boolean;
}

/** Messages that cannot be read do not spoil the others. @throws MALFORMED_RECORD */
export function pageOf(body: string, receipt: number, tag: boolean): Page {
  const entries = array(object(parseJson(body), 'body')['messages'], 'messages');
  const messages: Message[] = [];
  const broken: string[] = [];
  for (const entry of entries) {
    try {
      messages.push(messageOf(entry, tag));
    } catch (thrown) {
      const error = asForetickError(thrown);
      if (error.code !== 'MALFORMED_RECORD') throw error;
      broken.push(error.message);
    }
  }
  const ids = entries.flatMap((entry) => idOf(entry));
  return { body, receipt, messages, broken, ids: ids.length === 0 ? null : { lowest: Math.min(...ids), highest: Math.max(...ids) }, isFull: entries.length >= PAGE };
}

function idOf(entry: unknown): readonly number[] {
  const id: unknown = typeof entry === 'object' && entry !== null ? (entry as Json)['id'] : undefined;
  return typeof id === 'number' && Number.isSafeInteger(id) ? [id] : [];
}
