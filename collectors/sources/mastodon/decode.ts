/** Mastodon's statuses, from server-sent events and from timelines. */
import { fail } from '#proto';

import { parseEvent } from '../../connect/stream.ts';
import type { Live } from '../../live/live.ts';
import { htmlText } from '../../posts/html.ts';
import type { LivePosts, NetworkPost } from '../../posts/live-posts.ts';
import type { Stretch } from '../../posts/memory.ts';
import { object, parseJson, text, type Json } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';

/** Ids are times: milliseconds above 16 bits of something else. */
const SHIFT = 16n;

/** The first id of a time. */
export const idAt = (timeUs: number): bigint => BigInt(Math.floor(timeUs / 1000)) << SHIFT;

/** Microseconds. */
export const timeOfId = (id: bigint): number => Number(id >> SHIFT) * 1000;

export interface Status {
  readonly id: bigint;
  /** Null: of somebody else, passed on. */
  readonly post: NetworkPost | null;
  /** Hashtags, in lower case. */
  readonly tags: readonly string[];
}

/** @throws MALFORMED_RECORD */
export function statusOf(value: unknown): Status {
  const status = object(value, 'status');
  const id = text(status['id'], 'id');
  if (!/^\d{1,20}$/.test(id)) throw fail('MALFORMED_RECORD', 'id is not a number');
  const created = rfc3339(status['created_at'], 'created_at');
  const account = object(status['account'], 'account');
  const content = htmlText(text(status['content'], 'content'));
  const warning = status['spoiler_text'];
  if (status['reblog'] !== null && status['reblog'] !== undefined) return { id: BigInt(id), post: null, tags: [] };
  const { edited_at: edited, language, tags } = status;
  return {
    id: BigInt(id),
    tags: Array.isArray(tags) ? (tags as unknown[]).flatMap(hashtag) : [],
    post: {
      id,
      // The same on every server; the account's id is not.
      author: text(account['url'], 'account.url'),
      text: typeof warning === 'string' && warning !== '' ? `${warning}\n\n${content}` : content,
      language: typeof language === 'string' ? language : '',
      eventTime: typeof edited === 'string' ? rfc3339(edited, 'edited_at') : created,
    },
  };
}

/** Of other streams, or for clients with a screen. */
const OTHERS: ReadonlySet<string> = new Set([
  'notification',
  'notifications_merged',
  'filters_changed',
  'conversation',
  'announcement',
  'announcement.reaction',
  'announcement.delete',
  'encrypted_message',
]);

function hashtag(tag: unknown): readonly string[] {
  const name = (tag as Json | null)?.['name'];
  return typeof name === 'string' ? [name.toLowerCase()] : [];
}

export interface DecoderOptions {
  readonly live: Live;
  readonly posts: LivePosts;
  readonly stretch: Stretch;
  /** The stretch has moved. */
  readonly moved: () => void;
  /** Told each new post. */
  readonly seen?: (id: bigint) => void;
  /** Other stretches that show posts with these hashtags. */
  readonly beside?: (tags: readonly string[]) => readonly Stretch[];
}

/** Returns what an event was. */
export function mastodonDecoder({ live, posts, stretch, moved, seen, beside = () => [] }: DecoderOptions): (block: string) => string {
  return (block) => {
    const { event, data } = parseEvent(block);
    switch (event) {
      case 'update': {
        const { id, post, tags } = statusOf(parseJson(data));
        seen?.(id);
        stretch.reach(id);
        moved();
        if (post === null) live.out.skip('repost');
        else posts.created(post, id, stretch, beside(tags));
        return event;
      }
      case 'status.update': {
        const { id, post } = statusOf(parseJson(data));
        moved();
        if (post !== null) posts.edited(post, id, stretch);
        return event;
      }
      case 'delete':
        return event;
      default:
        if (data === '') throw fail('MALFORMED_RECORD', 'an event without data');
        return OTHERS.has(event) ? 'other' : 'unknown';
    }
  };
}
