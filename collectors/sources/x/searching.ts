/** Searching for a stretch of posts: what a stream missed, or what there is of news where there is no stream. */
import type { Live } from '../../live/live.ts';
import type { Stretch } from '../../posts/memory.ts';
import type { Status } from './decode.ts';
import { idAt, timeOfId } from './ids.ts';
import { searchRecent, type SearchOptions } from './search.ts';
import type { XOptions } from './source.ts';
import { packTerms } from './terms.ts';
import { WINDOW_MS } from './window.ts';

export interface SearchingOptions {
  readonly live: Live;
  readonly read: XOptions;
  readonly stretch: Stretch;
  readonly terms: () => readonly string[];
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly take: (status: Status) => number;
}

export interface Searching {
  /** The first start: all before now is the past. */
  begin(nowUs: number): void;
  /** The first id to ask for, to learn what was missed until then; what lies before it and is missing is reported. Call when there is a newest position. */
  from(untilUs: number): bigint;
  /**
   * Publishes what all queries find in the range, up to the id. Returns how many records it made; what lies beyond the limit is reported.
   *
   * @throws SOURCE_UNAVAILABLE, SOURCE_REFUSED
   */
  all(range: Readonly<Record<string, string>>, from: bigint, upTo: bigint): Promise<number>;
  lost(fromUs: number, toUs: number, cause: string): void;
}

export function searching({ live, read, stretch, terms, headers, take }: SearchingOptions): Searching {
  const api = new URL(read.url);
  const limiter = live.environment.limits.of(`x/${api.host}/search`, { limit: read.searches, perMs: WINDOW_MS });
  const common = { live, url: new URL('/2/tweets/search/recent', api).href, allowPlainText: read.allow_plain_text, headers, limiter };
  let start = 0n;

  function lost(fromUs: number, toUs: number, cause: string): void {
    live.gapClosed({ stream: 'post', instruments: [], fromUs, toUs: Math.max(fromUs, toUs), cause });
  }

  return {
    lost,
    begin(nowUs) {
      if (live.publishedUpTo > 0) lost(live.publishedUpTo, nowUs, 'outage');
      start = idAt(nowUs);
      stretch.reach(start);
    },
    from(untilUs) {
      const last = stretch.last!;
      const resumeAt = stretch.resumeAt!;
      const earliest = idAt(untilUs - read.replay);
      const from = resumeAt > earliest ? resumeAt : earliest;
      if (from > last + 1n) lost(timeOfId(last), timeOfId(from), from === earliest ? 'outage' : 'overflow');
      return from > start ? from : start;
    },
    async all(range, from, upTo) {
      // Times of a search are whole seconds: it gives more than is asked for, and of what lies before it is not known what was published.
      const options: SearchOptions = { ...common, take: (status) => (status.id < from || status.id > upTo ? 0 : take(status)) };
      const most = Math.max(1, read.backfill_limit);
      let count = 0;
      let published = 0;
      let left: bigint | null = null;
      for (const query of packTerms(terms(), read.filter, read.query_length)) {
        const searched = await searchRecent(options, query, range, most - count);
        count += searched.count;
        published += searched.published;
        if (searched.left !== null && (left === null || searched.left > left)) left = searched.left;
      }
      if (left !== null) lost(timeOfId(from), timeOfId(left), 'limit');
      return published;
    },
  };
}
