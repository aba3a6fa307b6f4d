/**
 * One listing, read again and again. What is newer than a thing that is known is asked for by its fullname (`before`), from old to
 * new. A thing that is taken away answers for ever that nothing is newer: an answer without anything that is known is not believed, and
 * the listing is read from its top (`after`), as far as it goes.
 */
import { asForetickError, fail } from '#proto';

import { takeEach } from '../../live/entries.ts';
import type { Live } from '../../live/live.ts';
import type { LivePosts } from '../../posts/live-posts.ts';
import type { Stretch } from '../../posts/memory.ts';
import type { Api } from './api.ts';
import { GONE, pageOf, thingOf, timeOfPosition, type Page, type Thing } from './decode.ts';
import type { Recent } from './recent.ts';

/** As many as Reddit gives at once. */
const PAGE = 100;
/** A page with fewer is the last one: Reddit leaves things out of one after it has taken a hundred. */
const FEW = PAGE / 2;

export interface ListingOptions {
  readonly live: Live;
  readonly api: Api;
  readonly posts: LivePosts;
  readonly stretch: Stretch;
  readonly recent: Recent;
  /** `/r/stocks/new`. */
  readonly path: string;
  /** Things that Reddit keeps in a listing. */
  readonly most: number;
  readonly moved: () => void;
}

export interface Listing {
  /**
   * Publishes what is new. Returns how many records that were.
   *
   * @throws SOURCE_UNAVAILABLE, SOURCE_REFUSED
   */
  read(): Promise<number>;
}

export function createListing({ live, api, posts, stretch, recent, path, most, moved }: ListingOptions): Listing {
  /** Things before it are the past, or were read by an earlier run. */
  let floor = stretch.resumeAt;

  /** Makes records of a thing that is new, or says something else. Returns how many. */
  function take({ fullname, position, state, post }: Thing): number {
    const before = recent.state(fullname);
    recent.note(fullname, position, state);
    if (before === state) {
      live.out.skip('repeat');
      return 0;
    }
    if (post === null) {
      live.out.skip('removed');
      return 0;
    }
    if (position < floor!) return 0;
    if (before === undefined || before === null || before === GONE) return posts.created(post, position, stretch);
    posts.edited(post, position, stretch);
    return 0;
  }

  async function fetchPage(where: Readonly<Record<string, string>>): Promise<Page> {
    const query = new URLSearchParams({ limit: String(PAGE), raw_json: '1', ...where });
    const body = await api.get(`${path}?${query.toString()}`);
    try {
      return pageOf(body);
    } catch (thrown) {
      const { message } = asForetickError(thrown);
      live.out.frame(path, body, live.receipt(), () => {
        throw fail('MALFORMED_RECORD', message);
      });
      throw fail('SOURCE_UNAVAILABLE', `${path} answered what cannot be read: ${message}`);
    }
  }

  /** From old to new. */
  async function publish({ body, children }: Page): Promise<number> {
    await live.out.room(live.signal);
    if (live.signal.aborted) throw fail('SHUTTING_DOWN', 'stopping');
    let published = 0;
    live.out.frame(path, body, live.receipt(), () => {
      takeEach(live.out, [...children].reverse(), (child) => {
        const thing = thingOf(child);
        published += take(thing);
        stretch.reach(thing.position);
      });
      moved();
      return 'listing';
    });
    recent.prune();
    return published;
  }

  /** What is newer than a thing; null where the answer is not to be believed. */
  async function newer(anchor: string): Promise<number | null> {
    let published = 0;
    for (let before: string | null = anchor; before !== null; ) {
      const page = await fetchPage({ before });
      const names = page.children.flatMap((child) => nameOf(child) ?? []);
      if (before === anchor && !names.some((name) => recent.has(name))) {
        recent.forget(anchor);
        return null;
      }
      published += await publish(page);
      before = page.children.length < FEW ? null : (names[0] ?? null);
    }
    return published;
  }

  /** What is there, down to what is to be read again. */
  async function fromTop(): Promise<number> {
    const isFirst = stretch.last === null;
    const begunUs = live.receipt();
    const pages: Page[] = [];
    const from = stretch.resumeAt ?? 0n;
    let oldest: bigint | null = null;
    let isReached = isFirst;
    let after: string | null = null;
    do {
      const page = await fetchPage(after === null ? {} : { after });
      pages.push(page);
      after = page.after;
      for (const child of page.children) {
        const position = positionOf(child);
        if (position === null) continue;
        if (oldest === null || position < oldest) oldest = position;
      }
      isReached ||= oldest !== null && oldest < from;
    } while (!isReached && after !== null && pages.length * PAGE < most);
    // A listing that ends well before its bound holds all there is.
    const isCut = !isReached && oldest !== null && pages.length >= Math.floor(most / PAGE);
    if (isFirst) {
      const [{ children }] = pages as [Page];
      const newest = children.map(positionOf).reduce<bigint>((a, b) => (b !== null && b > a ? b : a), 0n);
      floor = newest + 1n;
      stretch.reach(newest);
      if (live.publishedUpTo > 0) live.gapClosed({ stream: 'post', instruments: [], fromUs: live.publishedUpTo, toUs: begunUs, cause: 'outage' });
    } else if (isCut) {
      const lastUs = timeOfPosition(stretch.last);
      live.gapClosed({ stream: 'post', instruments: [], fromUs: lastUs, toUs: Math.max(lastUs, timeOfPosition(oldest!) + 1e6), cause: 'window' });
    }
    let published = 0;
    for (const page of pages.reverse()) published += await publish(page);
    return published;
  }

  return {
    async read() {
      const anchor = stretch.last === null ? null : recent.anchor();
      const published = anchor === null ? null : await newer(anchor);
      return published ?? (await fromTop());
    },
  };
}

function nameOf(child: unknown): string | null {
  try {
    return thingOf(child).fullname;
  } catch {
    return null;
  }
}

function positionOf(child: unknown): bigint | null {
  try {
    return thingOf(child).position;
  } catch {
    return null;
  }
}
