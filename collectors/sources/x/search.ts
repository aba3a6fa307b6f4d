/** X's search of the last seven days: pages from new to old, published from old to new. */
import { asForetickError, fail } from '#proto';

import { fetchOk } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import { takeEach } from '../../live/entries.ts';
import type { Live } from '../../live/live.ts';
import { array, object, parseJson } from '../../values/fields.ts';
import { FIELDS, statusOf, type Status } from './decode.ts';

/** Posts of a page: as many as X gives at once. */
const PAGE = 100;

export interface SearchOptions {
  readonly live: Live;
  readonly url: string;
  readonly allowPlainText: boolean;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly limiter: Limiter;
  /** Makes records of a post; returns how many. */
  readonly take: (status: Status) => number;
}

export interface Searched {
  /** Posts that were given. */
  readonly count: number;
  /** Records that they made. */
  readonly published: number;
  /** There are older ones, which were not asked for: the oldest id that was given. Null: that was all. */
  readonly left: bigint | null;
}

interface Page {
  readonly body: string;
  readonly entries: readonly unknown[];
  readonly next: string | null;
}

/**
 * All posts of a query within a range, but no more than `most` and what fills a page. Nothing is published when a page cannot be had.
 *
 * @param range `since_id`, or `start_time` and `end_time`
 * @throws SOURCE_UNAVAILABLE, SOURCE_REFUSED
 */
export async function searchRecent(options: SearchOptions, query: string, range: Readonly<Record<string, string>>, most: number): Promise<Searched> {
  const { live, take } = options;
  const pages: Page[] = [];
  let next: string | null = null;
  let count = 0;
  do {
    const page = await fetchPage(options, query, range, next);
    pages.push(page);
    count += page.entries.length;
    next = page.next;
  } while (next !== null && count < most);
  let published = 0;
  let oldest: bigint | null = null;
  for (const { body, entries } of pages.reverse()) {
    await live.out.room(live.signal);
    if (live.signal.aborted) throw fail('SHUTTING_DOWN', 'stopping');
    live.out.frame(new URL(options.url).pathname, body, live.receipt(), () => {
      takeEach(live.out, [...entries].reverse(), (entry) => {
        const status = statusOf(entry);
        oldest ??= status.id;
        published += take(status);
      });
      return 'search';
    });
  }
  return { count, published, left: next === null ? null : oldest };
}

async function fetchPage({ live, url, allowPlainText, headers, limiter }: SearchOptions, query: string, range: Readonly<Record<string, string>>, next: string | null): Promise<Page> {
  const address = new URL(url);
  const asked = { query, ...range, max_results: String(PAGE), 'tweet.fields': FIELDS, ...(next !== null && { next_token: next }) };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  const { body, receipt } = await fetchOk(live, { url: address.href, allowPlainText, limiter, signal: live.signal, headers: await headers() });
  try {
    const answer = object(parseJson(body), 'body');
    const token = object(answer['meta'], 'meta')['next_token'];
    return { body, entries: array(answer['data'] ?? [], 'data'), next: typeof token === 'string' && token !== '' ? token : null };
  } catch (thrown) {
    const { message } = asForetickError(thrown);
    live.out.frame(address.pathname, body, receipt, () => {
      throw fail('MALFORMED_RECORD', message);
    });
    throw fail('SOURCE_UNAVAILABLE', `${address.host}${address.pathname} answered what cannot be read: ${message}`);
  }
}
