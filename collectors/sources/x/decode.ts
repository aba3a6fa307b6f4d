/** Posts of X, from lines of its stream and from answers of its search; and what the stream says when it ends. */
import { fail } from '#proto';

import type { Channel } from '../../connect/connection.ts';
import type { Live } from '../../live/live.ts';
import type { LivePosts, NetworkPost } from '../../posts/live-posts.ts';
import type { Stretch } from '../../posts/memory.ts';
import { object, parseJson, text, type Json } from '../../values/fields.ts';
import { timeOfId } from './ids.ts';

/** What is asked for of a post, besides its id, its text and the ids of its versions. */
export const FIELDS = 'author_id,edit_history_tweet_ids,lang,note_tweet,referenced_tweets';

export interface Status {
  /** Of this version: rises with time. */
  readonly id: bigint;
  /** Of the first version: the post's. */
  readonly first: bigint;
  /** Null: of somebody else, passed on. */
  readonly post: NetworkPost | null;
}

/** @throws MALFORMED_RECORD */
export function statusOf(value: unknown): Status {
  const status = object(value, 'data');
  const id = idOf(status['id'], 'id');
  const author = text(status['author_id'], 'author_id');
  const short = text(status['text'], 'text');
  const { edit_history_tweet_ids: versions, lang, note_tweet: note, referenced_tweets: references } = status;
  const first = Array.isArray(versions) && versions.length > 0 ? idOf(versions[0], 'edit_history_tweet_ids') : id;
  if (Array.isArray(references) && references.some((reference) => (reference as Json | null)?.['type'] === 'retweeted')) return { id, first, post: null };
  return {
    id,
    first,
    post: {
      id: String(first),
      author,
      // The text is cut where it is longer.
      text: plain(note === undefined || note === null ? short : text(object(note, 'note_tweet')['text'], 'note_tweet.text')),
      language: typeof lang === 'string' && lang !== 'und' ? lang : '',
      eventTime: timeOfId(id),
    },
  };
}

function idOf(value: unknown, field: string): bigint {
  const id = text(value, field);
  if (!/^\d{1,19}$/.test(id)) throw fail('MALFORMED_RECORD', `${field} is not a number`);
  return BigInt(id);
}

/** Three characters are escaped, as in HTML, and no others. */
const plain = (escaped: string): string => escaped.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

export interface TakeOptions {
  readonly live: Live;
  readonly posts: LivePosts;
  readonly stretch: Stretch;
  /** Receipt time from which on everything that was asked for has been seen. */
  readonly begunUs: number;
}

/** Makes records of a post. Returns how many. */
export function taker({ live, posts, stretch, begunUs }: TakeOptions): (status: Status) => number {
  return ({ id, first, post }) => {
    if (post === null) {
      live.out.skip('repost');
      return 0;
    }
    // A first version that was asked for has been seen; one that was not named nothing. An edit is news for what it names besides.
    if (first === id || timeOfId(first) >= begunUs) return posts.created(post, id, stretch);
    posts.edited(post, id, stretch);
    return 0;
  };
}

/** Returns what a line of the stream was. @param seen told each post before it counts */
export function lineDecoder(take: (status: Status) => number, seen: (status: Status) => void): (line: string, channel: Channel) => string {
  return (line, channel) => {
    const frame = object(parseJson(line), 'line');
    if (frame['data'] === undefined) return problem(frame, channel);
    const status = statusOf(frame['data']);
    seen(status);
    take(status);
    return status.post === null ? 'repost' : status.first === status.id ? 'post' : 'edit';
  };
}

/** X says why before it ends a stream, in one of two forms. */
function problem(frame: Json, channel: Channel): string {
  const { errors } = frame;
  const problems = (Array.isArray(errors) && errors.length > 0 ? errors : [frame]).map((error) => object(error, 'errors'));
  const [first] = problems;
  const title = text(first!['title'], 'title');
  const says = [title, first!['disconnect_type'], first!['connection_issue'], first!['detail']].filter((part) => typeof part === 'string').join(': ');
  if (problems.some((one) => one['connection_issue'] === 'TooManyConnections')) {
    channel.giveUp('rate-limited', says);
    return 'too-many-connections';
  }
  // Of what else it says no stream goes on that we know of; one that does is opened anew.
  const isPlanned = title === 'operational-disconnect';
  channel.giveUp(isPlanned ? 'dropped' : 'http-error', says);
  return isPlanned ? title : 'problem';
}
