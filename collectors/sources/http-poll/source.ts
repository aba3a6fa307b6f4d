/** Any vendor that answers JSON to a request, asked again and again, by configuration alone. */
import { fail } from '#proto';

import type { Ladders } from '../../connect/ladder.ts';
import { poll } from '../../connect/poll.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { createOutageTimes } from '../../live/outage-times.ts';
import { liveSource } from '../../live/source.ts';
import { liveSettings } from '../../options.ts';
import { look, test } from '../generic/conditions.ts';
import { createPublisher } from '../generic/publish.ts';
import { reader } from '../generic/read.ts';
import { symbolsOf } from '../generic/symbols.ts';
import { checkKeys, createKeys, renderUrl, type Keys } from '../generic/template.ts';
import { pollOptions, type PollOptions } from './options.ts';
import { fetchPages, type Page, type PagesOptions, type Validators } from './pages.ts';

const LADDERS: Ladders = {
  'rate-limited': { first: 2000, factor: 2, cap: 300_000, jitter: 0.5 },
  'http-error': { first: 1000, factor: 2, cap: 120_000, jitter: 0.5 },
  silent: { first: 500, factor: 2, cap: 30_000, jitter: 0.5 },
};

export const httpPoll = defineSource({
  kind: 'http-poll',
  doc: {
    title: 'Any HTTP address that answers JSON, polled, by configuration',
    gives: 'Quotes (a sample each round) and trades (each once, from lists), where the JSON pointers of records say they stand. Instruments venue:SYMBOL.',
    keys: 'whatever the vendor wants, as {key.NAME} in the address and headers',
    limits: 'As configured: requests a minute. ETag and Last-Modified are asked with, Retry-After is kept to.',
    gaps: 'Trades with numbers: older pages are fetched until one is known; what no page reaches is reported. Quotes are samples: bounded in time while nothing is answered.',
    licence: 'The vendor\'s terms apply: read them before you pass data on.',
  },
  options: pollOptions,
  subscribing: { shared: false, instrument: (symbol, { venue }) => `${venue}:${symbol}` },
  create: (name, read, environment) => {
    checkKeys(read.keys, read.url, read.headers);
    return liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) });
  },
});

/** Requests in turn: what fails is asked for again first, so that no instrument starves behind others. */
async function run(live: Live, options: PollOptions): Promise<void> {
  const { environment } = live;
  const symbols = symbolsOf(options.symbols);
  const keys = createKeys(environment, options.keys);
  // What the first answer holds happened before; a quote without a time is of now.
  const records = options.records.map((rule) => ({ ...rule, past: rule.kind === 'trade' || rule.time !== undefined }));
  let collected = new Set<string>();
  const nameOf = (wire: string): string | null => {
    const name = symbols.name(wire);
    return collected.has(name) ? name : null;
  };
  const publisher = createPublisher({
    live,
    venue: options.venue,
    symbols: options.symbols,
    records,
    maxSnapshotAge: options.max_snapshot_age,
    graceMs: Math.max(2000, (3 * options.interval) / 1000),
    nameOf,
  });
  const limiter = environment.limits.of(`${options.cap ?? live.name}/requests`, { limit: options.requests_per_minute, perMs: 60_000 });
  const asking: PagesOptions = { live, options, keys, limiter, publisher, read: reader(records) };
  const others = options.others.map(({ name, when }) => ({ name, fits: test(when) }));
  /** Receipt time of the newest answer about an instrument, microseconds. */
  const answeredAt = new Map<string, number>();
  /** By request. */
  const validatorsOf = new Map<string, Validators>();
  const outages = createOutageTimes(live);
  let turn = 0;

  async function follow(): Promise<readonly (readonly string[])[]> {
    const names = live.instruments.current();
    const added = names.filter((name) => !collected.has(name)).map((name) => publisher.instrument(name));
    for (const gone of [...collected].filter((name) => !names.includes(name))) forget(gone);
    await live.positions.load(added);
    for (const stream of publisher.numbered) stream.resume(added);
    outages.add(added);
    collected = new Set(names);
    const requests = requestsOf(options, names);
    const keysOf = new Set(requests.map(keyOf));
    for (const key of validatorsOf.keys()) if (!keysOf.has(key)) validatorsOf.delete(key);
    return requests;
  }

  function forget(name: string): void {
    const id = publisher.instrument(name);
    for (const stream of publisher.numbered) stream.forget(id);
    publisher.forget(id);
    outages.forget(id);
    live.positions.forget(id);
    answeredAt.delete(name);
  }

  async function one(names: readonly string[]): Promise<void> {
    await live.out.room(live.signal);
    const key = keyOf(names);
    const wire = names.map((name) => symbols.wire(name));
    try {
      const { pages, open, validators } = await fetchPages(asking, addressOf(options, keys, wire, publisher.highest(names)), names.length === 1 ? wire[0]! : null, validatorsOf.get(key) ?? null);
      const answered = live.receipt();
      if (pages.length === 0) live.out.frame(key, '', answered, () => 'not-modified');
      // The oldest first: readers see them in the order in which they happened.
      let whole = true;
      for (const page of [...pages].reverse()) {
        await live.out.room(live.signal);
        whole = publishPage(page, live.receipt()) && whole;
      }
      report(names, answered, open);
      for (const name of names) answeredAt.set(name, answered);
      if (whole) validatorsOf.set(key, validators);
      else validatorsOf.delete(key);
    } catch (thrown) {
      // The others wait for this one.
      for (const name of collected) {
        const since = answeredAt.get(name);
        if (since !== undefined) outages.begin(publisher.instrument(name), since);
      }
      throw thrown;
    }
  }

  function publishPage({ origin, body, frame, reading }: Page, receipt: number): boolean {
    let whole = false;
    live.out.frame(origin, body, receipt, () => {
      if (!reading) throw fail('MALFORMED_RECORD', 'not JSON');
      const { kind, found, broken } = reading;
      if (broken.length > 0 && found.length === 0) throw broken[0]!;
      for (const { message } of broken) live.out.reject('MALFORMED_RECORD', message);
      publisher.publish(found);
      const name = kind ?? others.find(({ fits }) => fits(frame, frame))?.name ?? (isEmpty(options, frame) ? 'empty' : null);
      if (name === null) throw fail('MALFORMED_RECORD', 'no rule of the configuration explains it');
      whole = true;
      return name;
    });
    return whole;
  }

  /** What was not asked for in time, or lies behind the last page, and has no numbers that tell. */
  function report(names: readonly string[], receipt: number, open: boolean): void {
    const sampled = options.records.filter(({ kind, sequence }) => kind === 'quote' || sequence === undefined || sequence.numbers === 'unordered').map(({ kind }) => kind);
    const instruments = names.map((name) => publisher.instrument(name));
    const ended = outages.end(instruments);
    for (const stream of publisher.unnumbered) {
      if (open && stream === 'trade') live.gapClosed({ stream, instruments, fromUs: Math.min(receipt, ...names.flatMap((name) => answeredAt.get(name) ?? []), ...ended.keys()), toUs: receipt, cause: 'window' });
      else if (sampled.includes(stream)) for (const [fromUs, of] of ended) live.gapClosed({ stream, instruments: [...of], fromUs, toUs: receipt, cause: 'disconnected' });
    }
  }

  await poll(
    live,
    {
      name: live.name,
      intervalMs: options.interval / 1000,
      ladders: LADDERS,
      round: async () => {
        const requests = await follow();
        await keys.load();
        for (let done = 0; done < requests.length && !live.signal.aborted; done++) {
          await one(requests[turn % requests.length]!);
          turn = (turn + 1) % requests.length;
        }
      },
    },
    live.signal,
  );
}

const keyOf = (names: readonly string[]): string => names.join(',');

function requestsOf({ url, instruments_per_request: size }: PollOptions, names: readonly string[]): (readonly string[])[] {
  if (url.includes('{instrument}')) return names.map((name) => [name]);
  if (!url.includes('{instruments}')) return names.length === 0 ? [] : [names];
  return Array.from({ length: Math.ceil(names.length / size) }, (_, i) => names.slice(i * size, (i + 1) * size));
}

function addressOf({ url, since }: PollOptions, keys: Keys, wire: readonly string[], highest: number | null): string {
  const address = new URL(renderUrl(url, wire, keys));
  if (since !== undefined && highest !== null) address.searchParams.set(since, String(highest));
  return address.href;
}

/** A list in which nothing is. */
function isEmpty({ records }: PollOptions, frame: unknown): boolean {
  return records.some(({ each = '' }) => {
    const list = look(each)(frame, frame);
    return Array.isArray(list) && list.length === 0;
  });
}
