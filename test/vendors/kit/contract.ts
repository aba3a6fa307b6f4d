/** What every live source promises, each promise a test of whatever runs tests, against the stand-in of its vendor. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import { systemClock } from '#collectors';
import { fail } from '#proto';
import type { OutputRecord, Producer } from '#queue';

import { settle } from './accounts.ts';
import { faultsOf } from './faults.ts';
import { Run, type RunOptions } from './run.ts';
import { oneFault, type Fault, type Scenario } from './scenario.ts';
import { StandIn } from './stand-in.ts';

/** Registers a test: of Jest, Vitest or `node:test`. */
export type RegisterTest = (name: string, run: () => Promise<void>, timeoutMs: number) => unknown;

export interface ContractOptions extends Pick<RunOptions, 'vendor' | 'source' | 'settings' | 'factor'> {
  /** @default the global one, as Jest has it */
  readonly test?: RegisterTest;
  /** A code with which the vendor closes connections; null where it has none, as over HTTP. @default 1001 */
  readonly closeCode?: number | null;
  /** Faults that mean nothing to this vendor's transport. */
  readonly without?: readonly Fault['fault'][];
  /** Without a byte for so long the source gives a connection up, in milliseconds. */
  readonly silentMs: number;
  /** Where the vendor's records cannot be fetched afterwards, their loss is reported. @default true */
  readonly fetches?: boolean;
  /** An answer shows the newest of each instrument only: what lies between two answers is not claimed. @default false */
  readonly samples?: boolean;
}

/** More seeds make a soak: FORETICK_SOAK_SEEDS=50. Of the sources that ship, `npm run soak:sources` does it. */
const SEEDS = Array.from({ length: Number(process.env['FORETICK_SOAK_SEEDS'] ?? 1) }, (_, i) => i + 7);

/** Of the wall's clock, for one promise. */
const PATIENCE_MS = 300_000;

/** Ticks and posts have a trace; watermarks, on the same topics, have none. */
const hasRows = ({ topic, headers }: OutputRecord): boolean => /\.(quotes|posts)\./.test(topic) && headers?.['traceparent'] !== undefined;

export function sourceContract(name: string, options: ContractOptions): void {
  const { closeCode = 1001, without = [], silentMs, fetches = true, samples = false, test: register = (globalThis as { test?: RegisterTest }).test } = options;
  if (!register) throw new Error('nothing runs tests here: give it as `test`');
  const isNumbered = new StandIn({ clock: systemClock, seed: 1, vendor: options.vendor }).vendor.numbered.length > 0;
  let run: Run | null = null;
  const test = (promise: string, keep: () => Promise<void>): void => {
    register(`${name} as a source ${promise}`, async () => {
      try {
        await keep();
      } finally {
        await run?.end();
        run = null;
      }
    }, PATIENCE_MS);
  };
  const start = async (more: Partial<RunOptions> = {}): Promise<Run> => {
    run = await new Run({ ...options, ...more }).start();
    await run.connected();
    return run;
  };
  const has = (...faults: Fault['fault'][]): boolean => !faults.some((fault) => without.includes(fault));

  async function survives(scenario: Scenario, more: Partial<RunOptions> = {}): Promise<Run> {
    const on = await start(more);
    await on.standIn.play(scenario);
    await settle(on);
    return on;
  }

  test('publishes what happens, each record once, with the vendor\'s values and sides', async () => {
    const on = await survives({ name: 'calm', forMs: 20_000, rate: 30, steps: [] });
    const { rows, gaps, deadLetters } = await on.published();
    assert.ok(rows.length > (samples ? 20 : 400), `only ${rows.length} rows`);
    assert.deepEqual(gaps.filter(({ missed, recovered }) => missed > recovered), []);
    assert.deepEqual(deadLetters, []);
  });

  test('does not publish what is old as news', async () => {
    run = new Run(options);
    await run.standIn.start();
    // What has happened so far is long ago when the source comes.
    run.pass(120_000);
    const past = run.standIn.ledger.entries.length;
    await run.begin();
    await run.connected();
    await run.standIn.play({ name: 'calm', forMs: 3000, rate: 20, steps: [] });
    await settle(run);
    const old = new Set(run.standIn.ledger.entries.slice(0, past).map(({ key }) => key));
    assert.deepEqual((await run.published()).rows.filter((row) => old.has(row)), []);
  });

  test('connects and subscribes again when it is cut off', async () => {
    const on = await survives(oneFault('cut', { fault: 'cut' }));
    // Between two requests nobody sees a cut.
    if (on.standIn.vendor.polled !== true) assert.ok(on.collector.status().health!.reconnects > 0);
  });

  if (closeCode !== null) test('connects again when the vendor closes', async () => {
    const on = await survives(oneFault('close', { fault: 'close', code: closeCode, reason: 'going away' }));
    assert.ok(on.events.some((event) => event.type === 'disconnected' && event.cause === 'dropped' && event.message.includes(String(closeCode))));
  });

  test('notices a silent socket', async () => {
    const on = await survives(oneFault('half-open', { fault: 'half-open' }, { forMs: silentMs * 2, rate: 10 }));
    assert.ok(on.events.some((event) => event.type === 'disconnected' && event.cause === 'silent'));
  });

  test('waits as long as the vendor asks, and no fault of the network or the vendor ends it', async () => {
    // Longer than the pause between two rounds of a source that polls, which else may see nothing of it.
    for (const fault of [
      { fault: 'status', status: 429, forMs: 6000, retryAfterS: 5 },
      { fault: 'status', status: 503, forMs: 6000 },
      { fault: 'dns', forMs: 6000 },
      { fault: 'refuse', forMs: 6000 },
      { fault: 'tls', forMs: 6000 },
    ] as const) {
      const on = await survives(oneFault(fault.fault, fault, { forMs: 12_000, rate: 10 }));
      const causes = on.events.filter((event) => event.type === 'disconnected').map(({ cause }) => cause);
      const cause = fault.fault === 'status' ? (fault.status === 429 ? 'rate-limited' : 'http-error') : 'unreachable';
      assert.ok(causes.includes(cause), `${cause} is not among ${causes.join(', ')}`);
      if (fault.fault === 'status' && fault.status === 429) {
        const waits = on.events.filter((event) => event.type === 'disconnected' && event.cause === 'rate-limited').map((event) => (event.type === 'disconnected' ? event.delayMs : 0));
        assert.ok(Math.min(...waits) >= 5000, `it waited ${waits.join(', ')} ms`);
      }
      await on.end();
    }
    run = null;
  });

  test('makes dead letters of frames that are none', async () => {
    const on = await survives({ name: 'garbage', forMs: 12_000, rate: 20, steps: [{ at: 3000, fault: 'garbage', frames: 10 }, { at: 6000, fault: 'truncate', frames: 5 }] });
    const { deadLetters } = await on.published();
    assert.ok(deadLetters.length >= 15, `only ${deadLetters.length} dead letters`);
  });

  // Without numbers nothing tells a frame that was left out.
  if (has('gap') && isNumbered) test('says what is missing, to the record, and fetches what can be fetched', async () => {
    const on = await survives(oneFault('gap', { fault: 'gap', frames: 7 }));
    const { numbered } = on.standIn.vendor;
    const { gaps } = await on.published();
    const of = gaps.filter(({ stream, first, missed }) => (numbered as readonly string[]).includes(stream) && (first > 0 || missed > 0));
    assert.ok(of.length > 0, 'no gap was reported');
    if (fetches) assert.ok(of.some(({ recovered }) => recovered > 0), 'nothing was fetched');
  });

  test('sorts out repeats, disorder and a clock that is off', async () => {
    const on = await survives({
      name: 'disorder',
      forMs: 16_000,
      rate: 30,
      steps: [{ at: 3000, fault: 'repeat', frames: 10 }, { at: 6000, fault: 'reorder', frames: 8 }, { at: 9000, fault: 'skew', ms: 2000 }, { at: 12_000, fault: 'drip', forMs: 1000 }],
    });
    const skipped = [...on.skipped().values()].reduce((sum, count) => sum + count, 0);
    if (!samples) assert.ok(skipped >= 10, `only ${skipped} records were skipped`);
  });

  test('writes watermarks to every partition when nothing happens', async () => {
    const on = await start();
    await on.standIn.clock.sleep(10_000, new AbortController().signal);
    const { watermarks } = await on.published();
    const places = ['quotes', 'posts'].flatMap((topic) => Array.from({ length: on.layout.inputs }, (_, partition) => `${topic}/${partition}`));
    for (const place of places) assert.ok((watermarks.get(place)?.length ?? 0) > 2, `no watermarks in ${place}`);
  });

  test('under a flood before a slow queue it holds the vendor back, keeps within its bound and loses nothing', async () => {
    let largest = 0;
    const slow = (inner: Producer): Producer => ({
      close: () => inner.close(),
      send: async (records) => {
        largest = Math.max(largest, records.length);
        await delay(30);
        return inner.send(records);
      },
    });
    const on = await start({ producer: slow, settings: { ...options.settings, buffer_rows: 512 } });
    on.standIn.inflict({ fault: 'flood', items: 15_000 });
    await settle(on);
    const { rows } = await on.published();
    assert.ok(rows.length > (samples ? 0 : 10_000), `only ${rows.length} rows`);
    // Rows of one emission, up to what a frame under way may add, and its watermarks, cursors and alerts.
    assert.ok(largest < 512 * 5, `${largest} records at once`);
    if (has('flood')) assert.ok(on.events.some(({ type }) => type === 'held-back'));
  });

  test('goes on where it stopped: a restart repeats nothing and reports or fetches what happened meanwhile', async () => {
    const on = await start();
    await on.standIn.play({ name: 'calm', forMs: 5000, rate: 20, steps: [] });
    await on.collector.stop();
    await on.standIn.play({ name: 'away', forMs: 3000, rate: 20, steps: [] });
    await on.startCollector();
    await on.connected();
    await settle(on);
  });

  test('an outage that a restart falls into is told whole', async () => {
    const on = await start();
    await on.standIn.play({ name: 'calm', forMs: 5000, rate: 20, steps: [] });
    // Longer than everything below, and ended by hand.
    await on.standIn.play({ name: 'away', forMs: 6000, rate: 20, steps: [{ at: 0, fault: 'refuse', forMs: 600_000 }] });
    await on.collector.stop();
    await on.startCollector();
    await on.standIn.play({ name: 'away', forMs: 3000, rate: 20, steps: [] });
    on.standIn.inflict({ fault: 'refuse', forMs: 0 });
    await on.connected();
    await settle(on);
  });

  test('a queue that fails in between makes no repeat and no loss', async () => {
    let sends = 0;
    let isFlaky = true;
    const flaky = (inner: Producer): Producer => ({
      close: () => inner.close(),
      send: async (records) => {
        sends++;
        if (isFlaky && sends % 40 === 20) throw fail('QUEUE_UNAVAILABLE', 'not appended');
        return inner.send(records);
      },
    });
    const on = await start({ producer: flaky });
    // On a busy machine few sends carry much.
    for (let round = 0; round < 20 && (round === 0 || on.collector.status().restarts === 0); round++) await on.standIn.play({ name: 'calm', forMs: 15_000, rate: 20, steps: [] });
    // Behind what is lost something newer must come: else no number tells, and nothing is there to be told of.
    isFlaky = false;
    await settle(on);
    assert.ok(on.collector.status().restarts > 0);
  });

  test('what a failing queue takes before anything was published is reported or fetched', async () => {
    let failed = 0;
    const flaky = (inner: Producer): Producer => ({
      close: () => inner.close(),
      send: async (records) => {
        if (failed < 2 && records.some(hasRows)) throw fail('QUEUE_UNAVAILABLE', `not appended, for the ${++failed}. time`);
        return inner.send(records);
      },
    });
    const on = await start({ producer: flaky });
    // Watermarks and a cursor go out before anything happens: the source has a place to go on from, and no number.
    await on.standIn.clock.sleep(3000, new AbortController().signal);
    await on.standIn.play({ name: 'calm', forMs: 15_000, rate: 20, steps: [] });
    await settle(on);
    assert.equal(failed, 2);
  });

  test('stops cleanly: closes its connections in order, and keeps nothing open', async () => {
    const on = await start();
    await on.standIn.play({ name: 'calm', forMs: 2000, rate: 20, steps: [] });
    await on.collector.stop();
    assert.equal(on.collector.status().state, 'STOPPED');
    await on.until(() => on.standIn.connections.size === 0, 'no connection is left');
    if (closeCode !== null) assert.ok(on.standIn.closeCodes.every((code) => code === 1000), `closed with ${on.standIn.closeCodes.join(', ')}`);
    await on.collector.stop();
  });

  test('prints no secret', async () => {
    const on = await survives(oneFault('status', { fault: 'status', status: 503, forMs: 2000 }, { forMs: 6000, rate: 10 }));
    await on.collector.stop();
    const printed = [...on.printed, JSON.stringify(on.collector.status())].join('\n');
    for (const secret of on.secrets) assert.ok(!printed.includes(secret));
  });

  for (const seed of SEEDS) test(`survives faults of every kind, one after another (seed ${seed})`, async () => {
    await survives(faultsOf(options, seed), { seed });
  });
}
