/** Events of Jetstream v1: `did`, `time_us`, `kind`, and of a commit what was done to which record of the account. */
import { fail } from '#proto';

import type { Live } from '../../live/live.ts';
import type { LivePosts, NetworkPost } from '../../posts/live-posts.ts';
import type { Stretch } from '../../posts/memory.ts';
import { whole } from '../../values/decimal.ts';
import { object, parseJson, text, type Json } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';

export const COLLECTION = 'app.bsky.feed.post';

export interface DecoderOptions {
  readonly live: Live;
  readonly posts: LivePosts;
  readonly stretch: Stretch;
  /** Posts that claim to be older when they come are no news, microseconds. */
  readonly maxAge: number;
  /** Told the time of each event before it counts. */
  readonly seen: (timeUs: number) => void;
}

/** Returns what a frame was. */
export function jetstreamDecoder({ live, posts, stretch, maxAge, seen }: DecoderOptions): (frame: string) => string {
  return (frame) => {
    const event = object(parseJson(frame), 'frame');
    const did = text(event['did'], 'did');
    const timeUs = whole(event['time_us'], 'time_us');
    const kind = text(event['kind'], 'kind');
    const commit = kind === 'commit' ? object(event['commit'], 'commit') : null;
    const read = commit && commit['collection'] === COLLECTION ? postOf(commit, did, timeUs) : null;
    seen(timeUs);
    stretch.reach(BigInt(timeUs));
    if (commit === null) return kind === 'identity' || kind === 'account' ? kind : 'unknown';
    // Likes, reposts, follows: not asked for.
    if (read === null) return 'other';
    const { operation, post } = read;
    if (post === null) return operation;
    if (operation === 'update') posts.edited(post, BigInt(timeUs), stretch);
    else if (timeUs - post.eventTime > maxAge) live.out.skip('backdated');
    else posts.created(post, BigInt(timeUs), stretch);
    return operation;
  };

  function postOf(commit: Json, did: string, timeUs: number): { readonly operation: string; readonly post: NetworkPost | null } {
    const operation = text(commit['operation'], 'operation');
    const rkey = text(commit['rkey'], 'rkey');
    if (operation === 'delete') return { operation, post: null };
    if (operation !== 'create' && operation !== 'update') throw fail('MALFORMED_RECORD', 'operation is none of create, update, delete');
    const record = object(commit['record'], 'record');
    const langs = record['langs'];
    const language: unknown = Array.isArray(langs) ? langs[0] : undefined;
    return {
      operation,
      post: {
        // A record key is only unique within its account, whose name must not stand in a record.
        id: `${posts.author(did)}/${rkey}`,
        author: did,
        text: text(record['text'], 'text'),
        language: typeof language === 'string' ? language : '',
        eventTime: operation === 'update' ? timeUs : createdAt(record['createdAt'], timeUs),
      },
    };
  }
}

/** Written by the author's program, which may claim anything: never after the time at which the network saw it. */
function createdAt(claim: unknown, timeUs: number): number {
  try {
    const claimed = rfc3339(claim, 'createdAt');
    return claimed > 0 && claimed < timeUs ? claimed : timeUs;
  } catch {
    return timeUs;
  }
}
