/** One request of a round, and the older pages that it takes until a record is known. */
import { fail } from '#proto';

import { fetchOk } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Live } from '../../live/live.ts';
import { parseJson, pointer } from '../../values/fields.ts';
import type { Publisher } from '../generic/publish.ts';
import type { Reader, Reading } from '../generic/read.ts';
import type { Keys } from '../generic/template.ts';
import type { PollOptions } from './options.ts';

export interface Page {
  /** Without its query, which may hold a key. */
  readonly origin: string;
  readonly body: string;
  /** Null when it is no JSON. */
  readonly frame: unknown;
  readonly reading: Reading | null;
}

export interface Pages {
  /** The newest first; none when nothing has changed. */
  readonly pages: readonly Page[];
  /** The last page goes on behind the bound, or does not reach what is known. */
  readonly open: boolean;
  /** What to remember of the answer when its records are published. */
  readonly validators: Validators;
}

export interface Validators {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PagesOptions {
  readonly live: Live;
  readonly options: PollOptions;
  readonly keys: Keys;
  readonly limiter: Limiter;
  readonly read: Reader;
  readonly publisher: Publisher;
}

/** @param only the vendor's name of the instrument, where the request is about one */
export async function fetchPages({ live, options, keys, limiter, read, publisher }: PagesOptions, first: string, only: string | null, before: Validators | null): Promise<Pages> {
  const { paging, page_size: full, since, conditional } = options;
  const pages: Page[] = [];
  let validators: Validators = { url: first, headers: {} };
  let url: string | null = first;
  while (url !== null) {
    const known = conditional && pages.length === 0 && before?.url === first ? before.headers : {};
    const { origin, pathname } = new URL(url);
    const reply = await fetchOk(live, { url, headers: headersOf(options, keys, known), limiter, allowPlainText: options.allow_plain_text, timeoutMs: options.silent_after / 1000, maxBytes: options.max_body_bytes, signal: live.signal }, [304]);
    if (reply.status === 304) return { pages, open: false, validators: before ?? validators };
    if (pages.length === 0) validators = { url: first, headers: validatorsOf(reply.headers) };
    const page = readPage(`${origin}${pathname}`, reply.body, read, only);
    pages.push(page);
    // A quote is a sample: only lists of trades have a window that others fall out of.
    const found = (page.reading?.found ?? []).filter(({ stream }) => stream === 'trade');
    const reaches = found.length === 0 || (full !== undefined && found.length < full) || !found.some((one) => publisher.follows(one)) || found.some((one) => publisher.isKnown(one));
    if (reaches) return { pages, open: false, validators };
    if (!paging) return { pages, open: since === undefined || full !== undefined, validators };
    url = pages.length < paging.most ? next(url, page, pages.length, options) : null;
    if (url === null && pages.length < paging.most && paging.by !== 'older') return { pages, open: since === undefined, validators };
  }
  return { pages, open: true, validators };
}

function readPage(origin: string, body: string, read: Reader, only: string | null): Page {
  let frame: unknown;
  try {
    frame = parseJson(body);
  } catch {
    return { origin, body, frame: null, reading: null };
  }
  return { origin, body, frame, reading: read(frame, only, new Set()) };
}

/** The address of the page before this one; null when there is none. */
function next(url: string, { frame, reading }: Page, read: number, { paging }: PollOptions): string | null {
  const address = new URL(url);
  if (paging?.by === 'older') {
    const numbers = reading!.found.flatMap(({ id }) => (typeof id === 'number' ? [id] : []));
    if (numbers.length === 0) return null;
    address.searchParams.set(paging.parameter, String(numbers.reduce((lowest, number) => Math.min(lowest, number))));
  } else if (paging?.by === 'page') {
    address.searchParams.set(paging.parameter, String(paging.first + read));
  } else if (paging) {
    const value = pointer(paging.at)(frame);
    if (typeof value !== 'string' && typeof value !== 'number') return null;
    if (value === '') return null;
    if (paging.by === 'link') {
      const link = new URL(String(value), url);
      // Keys go where the configuration says, and nowhere else.
      if (link.origin !== address.origin) throw fail('SOURCE_REFUSED', `${address.host} names a next page on another host`);
      return link.href;
    }
    address.searchParams.set(paging.parameter, String(value));
  }
  return address.href;
}

function headersOf({ headers }: PollOptions, keys: Keys, known: Readonly<Record<string, string>>): Record<string, string> {
  const all: Record<string, string> = { accept: 'application/json', 'user-agent': 'foretick' };
  for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = keys.fill(value);
  return { ...all, ...known };
}

function validatorsOf(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const { etag, 'last-modified': modified } = headers;
  if (typeof etag === 'string') return { 'if-none-match': etag };
  return typeof modified === 'string' ? { 'if-modified-since': modified } : {};
}
