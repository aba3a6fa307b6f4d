/**
 * What a stream missed, from the timeline that shows the same posts: `min_id` pages from old to new. One at a time for a stream;
 * an interruption meanwhile makes it look once more at its end.
 */
import { hasAborted } from '../../clock.ts';
import { fetchOk } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import { askAgain } from '../../live/again.ts';
import { takeEach } from '../../live/entries.ts';
import type { Live } from '../../live/live.ts';
import type { LivePosts } from '../../posts/live-posts.ts';
import type { Stretch } from '../../posts/memory.ts';
import { array, parseJson } from '../../values/fields.ts';
import { idAt, statusOf, timeOfId, type Status } from './decode.ts';

/** The most that Mastodon gives at once. */
const PAGE = 40;
const TRIES = 10;

export interface BackfillOptions {
  readonly live: Live;
  readonly posts: LivePosts;
  readonly stretch: Stretch;
  /** Address of the timeline, without a query of its own paging. */
  readonly timeline: URL;
  readonly allowPlainText: boolean;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly limiter: Limiter;
  /** What lies further back is not asked for, microseconds. */
  readonly replay: number;
  /** Posts of one outage, at most. */
  readonly limit: number;
  readonly moved: () => void;
  readonly beside?: (tags: readonly string[]) => readonly Stretch[];
}

/** Call it when the stream is there again, and held. Never throws: what cannot be fetched is reported. */
export function mastodonBackfill(options: BackfillOptions): () => void {
  const { live, posts, stretch, timeline, allowPlainText, limiter, replay, limit, moved, beside = () => [] } = options;
  const { signal } = live;
  let running = false;
  let isWanted = false;

  function lost(fromUs: number, toUs: number, cause: string): void {
    live.gapClosed({ stream: 'post', instruments: [], fromUs, toUs: Math.max(fromUs, toUs), cause });
  }

  async function run(): Promise<void> {
    while (isWanted && !signal.aborted) {
      isWanted = false;
      await fill();
    }
    running = false;
    // Stopped: the position says what is missing, and the next run goes on with it.
    if (signal.aborted) return;
    stretch.release();
    moved();
  }

  async function fill(): Promise<void> {
    const last = stretch.last!;
    const begunUs = timeOfId(last);
    const resumeAt = stretch.resumeAt!;
    const earliest = idAt(live.receipt() - replay);
    const from = resumeAt > earliest ? resumeAt : earliest;
    if (from > last + 1n) lost(begunUs, timeOfId(from), from === earliest ? 'outage' : 'overflow');
    let after = from - 1n;
    let recovered = 0;
    for (let count = 0; !signal.aborted; ) {
      await live.out.room(signal);
      const page = await fetchPage(after);
      if (hasAborted(signal)) return;
      if (page === null || count >= limit) {
        lost(timeOfId(after), live.receipt(), page === null ? 'outage' : 'limit');
        break;
      }
      if (page.count === 0) break;
      count += page.count;
      recovered += page.recovered;
      after = page.newest;
    }
    if (recovered > 0) live.gapClosed({ stream: 'post', instruments: [], missed: recovered, recovered, fromUs: begunUs, toUs: live.receipt(), cause: 'outage' });
  }

  interface Page {
    readonly count: number;
    readonly recovered: number;
    readonly newest: bigint;
  }

  /** Null: it cannot be had. */
  function fetchPage(after: bigint): Promise<Page | null> {
    const url = new URL(timeline);
    url.searchParams.set('limit', String(PAGE));
    url.searchParams.set('min_id', String(after));
    return askAgain(live, `back-fill from ${url.host}${url.pathname}`, TRIES, async () => {
      const { body, receipt } = await fetchOk(live, { url: url.href, allowPlainText, limiter, signal, headers: await options.headers() });
      return read(url, body, receipt, after);
    });
  }

  function read(url: URL, body: string, receipt: number, after: bigint): Page | null {
    const result = { page: null as Page | null };
    live.out.frame(url.pathname, body, receipt, () => {
      const entries = array(parseJson(body), 'body');
      const statuses: Status[] = [];
      takeEach(live.out, entries, (entry) => statuses.push(statusOf(entry)));
      // Behind it nothing could be asked for: the page as a whole cannot be read.
      if (statuses.length === 0 && entries.length > 0) return 'backfill';
      statuses.sort((a, b) => (a.id < b.id ? -1 : 1));
      let recovered = 0;
      for (const { id, post, tags } of statuses) {
        if (post === null) live.out.skip('repost');
        else recovered += posts.created(post, id, stretch, beside(tags));
      }
      const newest = statuses.at(-1)?.id ?? after;
      stretch.advance(newest);
      moved();
      // A server that gives the same again would be asked for ever.
      result.page = { count: newest > after ? statuses.length : 0, recovered, newest };
      return 'backfill';
    });
    return result.page;
  }

  return () => {
    isWanted = true;
    if (running) return;
    running = true;
    void run();
  };
}
