/** The filtered stream: one connection, rules of our own that are looked after, and a search for what an outage took. */
import { asForetickError } from '#proto';

import { hasAborted } from '../../clock.ts';
import { keepConnected } from '../../connect/keep-connected.ts';
import { BackOff } from '../../connect/ladder.ts';
import { causeOf } from '../../connect/poll.ts';
import { askAgain } from '../../live/again.ts';
import { frameText } from '../../values/fields.ts';
import { FIELDS, lineDecoder } from './decode.ts';
import { idAt, timeOfId } from './ids.ts';
import { LADDERS } from './ladders.ts';
import { syncRules } from './rules.ts';
import type { XParts } from './source.ts';
import { packTerms } from './terms.ts';
import { WINDOW_MS } from './window.ts';

/** Rules are compared with what stands there this often: others may delete them. */
const COMPARED_MS = 900_000;
/** Until X finds all that was posted by a time; it refuses to search less than 10 s back. */
const SETTLED_MS = 20_000;
/** Clocks differ. */
const WIDER_US = 2e6;
const TRIES = 10;

/** Returns when the source stops. Throws what no further try can mend. */
export async function runStream(parts: XParts): Promise<void> {
  const ending = new AbortController();
  const all = AbortSignal.any([parts.live.signal, ending.signal]);
  const either = async (task: Promise<void>): Promise<void> => {
    try {
      await task;
    } finally {
      ending.abort();
    }
  };
  let toldReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (toldReady = resolve));
  // Once: a signal made of others is held for ever by a listener that stays.
  all.addEventListener('abort', () => { toldReady(); }, { once: true });
  const stream = async (): Promise<void> => {
    await ready;
    if (!hasAborted(all)) await follow(parts, all);
  };
  await Promise.all([either(keepRules(parts, toldReady, all)), either(stream())]);
}

/** Makes the rules, and again when the set of instruments moves, and once in a while. */
async function keepRules({ live, read, terms, headers }: XParts, done: () => void, signal: AbortSignal): Promise<void> {
  const { clock, environment } = live;
  const api = new URL(read.url);
  const name = `${live.name}/rules`;
  const backOff = new BackOff(LADDERS, environment.random);
  const limiter = environment.limits.of(`x/${api.host}/rules`, { limit: read.rule_requests, perMs: WINDOW_MS });
  const options = { live, url: new URL('/2/tweets/search/stream/rules', api).href, allowPlainText: read.allow_plain_text, headers, limiter, prefix: read.rule_tag ?? `foretick/${live.name}`, most: read.rules };
  const state = { isDown: false, roomless: 0 };

  async function once(): Promise<number> {
    try {
      const left = await syncRules(options, packTerms(terms(), read.filter, read.rule_length));
      if (left > 0 && left !== state.roomless) live.observe({ type: 'note', message: `${left} rules of the stream find no room among the ${read.rules} of the plan: what they ask for is not collected` });
      state.roomless = left;
      if (state.isDown) live.observe({ type: 'connected', connection: name, attempt: 1 });
      state.isDown = false;
      backOff.reset();
      done();
      return COMPARED_MS;
    } catch (thrown) {
      const error = asForetickError(thrown);
      if (hasAborted(signal)) return 0;
      if (!error.retriable) throw error;
      const cause = causeOf(error);
      const asked = error.details['retryAfterMs'];
      const delayMs = Math.max(backOff.next(cause), typeof asked === 'number' ? asked : 0);
      state.isDown = true;
      live.observe({ type: 'disconnected', connection: name, cause, message: environment.redact(error.message), delayMs });
      return delayMs;
    }
  }

  while (!signal.aborted) {
    const set = live.instruments.current();
    const waitMs = await once();
    if (!state.isDown && set !== live.instruments.current()) continue;
    const woken = new AbortController();
    const waking = AbortSignal.any([signal, woken.signal]);
    // After an error the ladder alone says when.
    await Promise.race([clock.sleep(waitMs, waking), ...(state.isDown ? [] : [live.instruments.changed(waking)])]);
    woken.abort();
  }
}

async function follow(parts: XParts, signal: AbortSignal): Promise<void> {
  const { live, read, stretch, headers, take, searching, moved, progress } = parts;
  const api = new URL(read.url);
  const url = new URL('/2/tweets/search/stream', api);
  url.searchParams.set('tweet.fields', FIELDS);
  const backfill = backfiller(parts);
  let stands = false;
  /** How far what is being read lies behind; infinite while that is not known. */
  let behindUs = 0;
  const decode = lineDecoder(take, ({ id }) => {
    behindUs = Math.max(0, live.out.receipt - timeOfId(id));
    stretch.reach(id);
    moved();
  });
  const free = live.out.onHeld((held) => {
    if (held) behindUs = Infinity;
  });
  // A stream that stands has brought all there was up to its last byte, be it an empty line: a silent market must not look like an outage.
  progress.upToUs = () => (stands && !stretch.held && behindUs < Infinity ? live.receipt() - read.silent_after - behindUs : 0);
  try {
    await keepConnected(
      live,
      {
        name: `${live.name}/stream`,
        transport: 'lines',
        url: () => url.href,
        headers,
        allowPlainText: read.allow_plain_text,
        silentMs: read.silent_after / 1000,
        ladders: LADDERS,
        refusals: [400, 401, 403, 404],
        connects: live.environment.limits.of(`x/${api.host}/connect`, { limit: read.connects, perMs: WINDOW_MS }),
        open: (channel) => {
          stretch.hold();
          behindUs = 0;
          channel.confirmed();
          return {
            frame: (data) => decode(frameText(data), channel),
            ended: () => { stands = false; },
          };
        },
        recovered: (_fromUs, toUs) => {
          if (stretch.last === null) searching.begin(toUs);
          stands = true;
          if (stretch.held) backfill(toUs);
        },
      },
      signal,
    );
  } finally {
    free();
  }
}

/** Call it when the stream is there again, and held. Never throws: what cannot be found is reported. */
function backfiller({ live, read, stretch, searching, moved }: XParts): (toUs: number) => void {
  const { clock, signal } = live;
  let running = false;
  let untilUs = 0;

  async function run(): Promise<void> {
    for (let until = 0; until < untilUs && !hasAborted(signal); ) {
      until = untilUs;
      await fill(until);
    }
    running = false;
    // Stopped: the position says what is missing, and the next run goes on with it.
    if (signal.aborted) return;
    stretch.release();
    moved();
  }

  async function fill(until: number): Promise<void> {
    const begunUs = timeOfId(stretch.last!);
    if (read.backfill_limit > 0) await clock.sleep(Math.max(0, until / 1000 + SETTLED_MS - clock.now()), signal);
    if (hasAborted(signal)) return;
    const from = searching.from(until);
    const upToUs = until + WIDER_US;
    const range = { start_time: seconds(Math.floor(timeOfId(from) / 1e6)), end_time: seconds(Math.ceil(upToUs / 1e6)) };
    const ask = (): Promise<number> => searching.all(range, from, idAt(upToUs));
    const recovered = read.backfill_limit === 0 ? null : await askAgain(live, 'search for missed posts', TRIES, ask);
    if (hasAborted(signal)) return;
    if (recovered === null) searching.lost(Math.min(begunUs, timeOfId(from)), live.receipt(), 'outage');
    else if (recovered > 0) live.gapClosed({ stream: 'post', instruments: [], missed: recovered, recovered, fromUs: begunUs, toUs: until, cause: 'outage' });
    stretch.advance(idAt(until));
    moved();
  }

  return (toUs) => {
    untilUs = toUs;
    if (running) return;
    running = true;
    void run();
  };
}

const seconds = (s: number): string => `${new Date(s * 1000).toISOString().slice(0, 19)}Z`;
