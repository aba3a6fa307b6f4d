/**
 * One stream of a symbol, asked again and again: what is above the newest id seen, and older pages until that id is reached. Published
 * from old to new, so that an interruption leaves nothing behind it.
 */
import { asForetickError, fail } from '#proto';

import { fetchText, type HttpReply } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Live } from '../../live/live.ts';
import type { LivePosts } from '../../posts/live-posts.ts';
import type { Stretch } from '../../posts/memory.ts';
import { pageOf, type Message, type Page } from './decode.ts';
import type { StockTwitsOptions } from './options.ts';
import type { SymbolStream } from './symbols.ts';

export interface FollowOptions {
  readonly live: Live;
  readonly read: StockTwitsOptions;
  readonly posts: LivePosts;
  readonly limiter: Limiter;
  readonly stream: SymbolStream;
  readonly stretch: Stretch;
  /** Receipt time of the newest good answer of an earlier run, microseconds; 0: there was none. */
  readonly answered: number;
  /** The stretch has moved. */
  readonly moved: () => void;
}

interface Found {
  /** The newest first. */
  readonly pages: readonly Page[];
  /** Older ones than these are missing. */
  readonly isOpen: boolean;
}

/** Times of messages are whole seconds. */
const SECOND_US = 1e6;

export interface Follower {
  /** One round. Throws SOURCE_UNAVAILABLE for what passes, SOURCE_REFUSED for a symbol that was never known. */
  round(): Promise<void>;
  /** As in `FollowOptions`, by now: what was posted before it is published, or reported. */
  answered(): number;
}

export function symbolFollower({ live, read, posts, limiter, stream, stretch, answered: before, moved }: FollowOptions): Follower {
  const { symbol, instruments } = stream;
  const path = `${read.url}/streams/symbol/${encodeURIComponent(symbol)}.json`;
  let answered = before;
  let good = stretch.last !== null;
  let isGone = false;
  /** The body of the page that was published last. */
  let shown = '';

  async function ask(query: Readonly<Record<string, string>>): Promise<HttpReply | null> {
    const address = new URL(path);
    for (const [name, value] of Object.entries({ limit: '30', ...query })) address.searchParams.set(name, value);
    const reply = await fetchText(live, { url: address.href, headers: { accept: 'application/json', 'user-agent': 'foretick' }, allowPlainText: read.allow_plain_text, limiter, signal: live.signal, timeoutMs: read.silent_after / 1000 });
    const { status, retryAfterMs } = reply;
    if (status === 200) return reply;
    if (status === 404) {
      if (!good) throw fail('SOURCE_REFUSED', `StockTwits does not know ${symbol}: give the symbol of ${instruments.join(', ')} under symbols, or leave it out`);
      // Renamed, or listed no more: the others go on.
      if (!isGone) live.observe({ type: 'note', message: `StockTwits does not know ${symbol} any more` });
      isGone = true;
      return null;
    }
    const passing = good || status === 429 || status === 408 || status >= 500;
    throw fail(passing ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED', `${address.host}${address.pathname} answered ${status}`, { details: { status, retryAfterMs } });
  }

  /** Null: there is nothing to publish yet. */
  async function find(): Promise<Found | null> {
    const since = stretch.last;
    const pages: Page[] = [];
    let query: Readonly<Record<string, string>> = since === null ? {} : { since: String(since) };
    for (;;) {
      const reply = await ask(query);
      if (!reply) return null;
      const page = parsed(reply);
      // Asked for again: what is older must come first.
      if (!page) return null;
      pages.push(page);
      const lowest = page.ids?.lowest;
      const reaches = since === null || !page.isFull || lowest === undefined || lowest <= since;
      // Nothing but what was asked to be below: the stream ends here.
      const stands = pages.length > 1 && lowest !== undefined && lowest >= pages.at(-2)!.ids!.lowest;
      if (reaches || stands) return { pages, isOpen: pages.length > 1 && since !== null && since > 0n && (lowest === undefined || lowest > since) };
      if (pages.length >= read.pages) return { pages, isOpen: true };
      // As documented it is the highest id that is shown: the message that both pages hold is dropped as a repeat.
      query = { max: String(lowest) };
    }
  }

  function parsed({ body, receipt }: HttpReply): Page | null {
    try {
      return pageOf(body, receipt, read.tag);
    } catch (thrown) {
      const error = asForetickError(thrown);
      live.out.frame(path, body, receipt, () => { throw error; });
      return null;
    }
  }

  function publish({ body, messages, broken }: Page, isFirst: boolean, from: number): void {
    // Not when it came: watermarks have gone out while older pages were asked for.
    const receipt = live.receipt();
    live.out.frame(path, body, receipt, () => {
      // What has no id comes again until something newer does.
      if (broken.length > 0 && body !== shown) live.out.reject('MALFORMED_RECORD', broken[0]!);
      shown = body;
      for (const message of [...messages].sort((a, b) => a.id - b.id)) publishOne(message, isFirst || isOld(message, from));
      return isFirst ? 'begin' : messages.length === 0 ? 'empty' : 'messages';
    });
  }

  function publishOne({ id, post }: Message, isStale: boolean): void {
    const isKnown = stretch.last !== null && BigInt(id) <= stretch.last;
    if (isKnown) live.out.skip('repeat');
    else if (isStale) live.out.skip('stale');
    else if (post === null) live.out.skip('repost');
    else posts.created({ ...post, instruments }, BigInt(id), stretch);
  }

  /** What was posted since the last answer, up to this time. */
  function lost(upTo: number, cause: string): void {
    live.gapClosed({ stream: 'post', instruments: [...instruments], fromUs: answered, toUs: Math.max(answered, upTo + SECOND_US), cause });
  }

  async function round(): Promise<void> {
    const found = await find();
    if (!found) return;
    const isFirst = stretch.last === null;
    const from = live.receipt() - read.replay;
    // The last page may hold some that are known.
    const all = found.pages.flatMap(({ messages }) => messages).filter(({ id }) => stretch.last === null || BigInt(id) > stretch.last);
    if (found.isOpen) lost(Math.min(live.receipt(), ...timesOf(all)), 'window');
    const old = isFirst ? [] : timesOf(all.filter((message) => isOld(message, from)));
    if (old.length > 0) lost(Math.max(...old), 'outage');
    for (const page of [...found.pages].reverse()) {
      await live.out.room(live.signal);
      publish(page, isFirst, from);
      // A stream that was empty when it was asked first begins with what comes next.
      stretch.advance(BigInt(page.ids?.highest ?? 0));
      moved();
    }
    answered = found.pages[0]!.receipt;
    good = true;
    isGone = false;
    moved();
  }

  return { round, answered: () => answered };
}

const isOld = ({ post }: Message, from: number): boolean => post !== null && post.eventTime < from;

const timesOf = (messages: readonly Message[]): number[] => messages.flatMap(({ post }) => (post ? [post.eventTime] : []));
