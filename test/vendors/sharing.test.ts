/** One source in several processes: what they publish together is what happened, once, whoever comes and goes. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';

import { coinbaseExchange } from './coinbase/exchange.ts';
import { findings } from './kit/accounts.ts';
import { Run, type RunOptions } from './kit/run.ts';
import { yahooStandIn } from './yahoo/stand-in.ts';

jest.setTimeout(180_000);

const SYMBOLS = Array.from({ length: 24 }, (_, i) => `C${i}-USD`);
const coinbase: RunOptions = { vendor: (standIn) => coinbaseExchange(standIn, SYMBOLS), settings: { connects_per_second: 4 } };

let on: Run | null = null;
afterEach(async () => {
  await on?.end();
  on = null;
});

const states = (run: Run): string[] => run.collectors.map((collector) => collector.status().state);

async function settled(run: Run): Promise<void> {
  let found: string[] = [];
  await run.until(async () => {
    found = findings(run, await run.published());
    return found.every((text) => !text.includes('neither published nor reported'));
  }, 'everything that happened is published or reported');
  expect(found).toEqual([]);
}

describe.each<[string, RunOptions, number]>([
  ['Coinbase', coinbase, 1000],
  ['Yahoo', { vendor: yahooStandIn({ symbols: SYMBOLS }) }, 500],
  ['Yahoo, polled', { vendor: yahooStandIn({ symbols: SYMBOLS, polled: true, perMinute: 1000 }) }, 150],
])('shared: %s', (_, options, least) => {
  test('instruments are added and removed without a restart, and without another connection', async () => {
    on = new Run({ ...options, sharing: 'shared' });
    await on.start();
    await on.subscribe(SYMBOLS.slice(0, 12));
    await on.connected();
    await on.standIn.play({ name: 'calm', forMs: 5000, rate: 40, steps: [] });
    const before = on.events.filter(({ type }) => type === 'connected').length;
    await on.subscribe(SYMBOLS.slice(12));
    await on.subscribe(SYMBOLS.slice(0, 2), 'remove');
    await on.standIn.play({ name: 'calm', forMs: 12_000, rate: 40, steps: [] });
    const { rows } = await on.published();
    const { vendor } = on.standIn;
    for (const symbol of SYMBOLS.slice(2)) expect(rows.some((row) => row.includes(`${vendor.instrument(symbol)} `))).toBe(true);
    expect(on.events.filter(({ type }) => type === 'connected')).toHaveLength(before);
    // Of those that were removed nothing more is due.
    const gone = new Set(SYMBOLS.slice(0, 2));
    for (const entry of on.standIn.ledger.entries) if (gone.has(entry.item.symbol)) entry.due = false;
    await settled(on);
  });

  test('members that come and go take their part: complete, nothing twice, and sockets of those that stay are kept', async () => {
    on = new Run({ ...options, sharing: 'shared', partitions: 8 });
    await on.start();
    await on.subscribe(SYMBOLS);
    await on.connected();
    await on.standIn.play({ name: 'calm', forMs: 6000, rate: 60, steps: [] });
    await on.startCollector();
    await on.standIn.play({ name: 'calm', forMs: 6000, rate: 60, steps: [] });
    await on.startCollector();
    await on.standIn.play({ name: 'calm', forMs: 10_000, rate: 60, steps: [] });
    expect(states(on)).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
    await on.until(() => on!.collectors.every((collector) => collector.status().health?.state === 'live'), 'each has a part of the instruments');
    expect(on.events.filter(({ type }) => type === 'connected')).toHaveLength(3);
    await on.collectors[0]!.stop();
    await on.standIn.play({ name: 'calm', forMs: 10_000, rate: 60, steps: [] });
    expect(states(on)[0]).toBe('STOPPED');
    expect(on.events.filter(({ type, ...event }) => type === 'disconnected' && (event as { cause?: string }).cause !== 'closed')).toEqual([]);
    await settled(on);
    const { rows } = await on.published();
    expect(rows.length).toBeGreaterThan(least);
  });

  test('faults at the vendor meanwhile', async () => {
    on = new Run({ ...options, sharing: 'shared', seed: 3 });
    await on.start();
    await on.subscribe(SYMBOLS);
    await on.startCollector();
    await on.connected();
    await on.standIn.play({ name: 'faults', forMs: 20_000, rate: 60, steps: [{ at: 3000, fault: 'cut' }, { at: 8000, fault: 'gap', frames: 4 }, { at: 12_000, fault: 'cut' }] });
    await on.startCollector();
    await on.standIn.play({ name: 'faults', forMs: 20_000, rate: 60, steps: [{ at: 500, fault: 'cut' }, { at: 9000, fault: 'repeat', frames: 4 }] });
    await on.collectors[1]!.stop();
    await on.standIn.play({ name: 'calm', forMs: 15_000, rate: 60, steps: [] });
    await settled(on);
  });
});

describe('with one owner', () => {
  test('the others stand by, and one of them goes on where the owner stopped', async () => {
    on = new Run({ ...coinbase, sharing: 'owned' });
    await on.start();
    await on.startCollector();
    await on.subscribe(SYMBOLS.slice(0, 6));
    await on.until(() => on!.collectors[0]!.status().health?.state === 'live', 'the owner is connected');
    await on.subscribe(SYMBOLS.slice(6, 8));
    await on.standIn.play({ name: 'calm', forMs: 8000, rate: 40, steps: [] });
    expect(states(on)).toEqual(['RUNNING', 'STANDBY']);
    await on.collectors[0]!.stop();
    await on.standIn.play({ name: 'calm', forMs: 8000, rate: 40, steps: [] });
    expect(states(on)).toEqual(['STOPPED', 'RUNNING']);
    await settled(on);
  });
});
