/** The loop that sends what a source says. */
import { expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';

import { systemClock } from '../clock.ts';
import type { Emission } from '../port.ts';
import { testEnvironment } from '../testing/live.ts';
import { MovingInstruments } from './instruments.ts';
import type { Live } from './live.ts';
import { liveSource } from './source.ts';

const HOUR_US = 3600e6;

/** A source that does what it is told, and what it emitted. */
async function running(body: (live: Live, emitted: () => Promise<Emission>) => Promise<void>, instruments?: MovingInstruments): Promise<void> {
  const emissions: Emission[] = [];
  let tell: () => void = () => undefined;
  const emitted = async (): Promise<Emission> => {
    while (emissions.length === 0) await new Promise<void>((resolve) => (tell = resolve));
    return emissions.shift()!;
  };
  const environment = { ...testEnvironment(systemClock), ...(instruments && { instruments: () => instruments }) };
  const source = liveSource({ name: 's', environment, instruments: [], watermarkUs: HOUR_US, run: (live) => body(live, emitted) });
  await source.run({
    cursor: null,
    signal: new AbortController().signal,
    emit: (emission) => {
      // Its columns are the source's again afterwards.
      emissions.push({ ...emission, ...(emission.ticks && { ticks: { ...emission.ticks } }) });
      tell();
      return Promise.resolve();
    },
    reject: () => undefined,
    cursors: () => Promise.resolve(new Map()),
    observe: () => undefined,
  });
}

const quote = (live: Live, sequence: number): void => {
  live.out.frame('f', 'x', live.receipt(), () => {
    live.out.quote('v:A', live.out.receipt, sequence, 1, 1, 2, 1);
    return 'quote';
  });
};

test('rows are sent when they come, however far off the next watermark is, the second as the first', async () => {
  await running(async (live, emitted) => {
    // The first watermark is due at once.
    expect((await emitted()).watermark).toBeGreaterThan(0);
    for (let i = 1; i <= 5; i++) {
      // The loop has nothing to do by then, and sleeps.
      await delay(10);
      quote(live, i);
      const { ticks, watermark } = await emitted();
      expect([ticks?.length, watermark]).toEqual([1, undefined]);
    }
  });
}, 10_000);

test('what was read of instruments that are let go is durable, with a position, before others are told', async () => {
  const instruments = new MovingInstruments(['A']);
  await running(async (live, emitted) => {
    await emitted();
    live.instruments.current();
    quote(live, 1);
    instruments.set([]);
    let settled = false;
    const settling = instruments.settled().then(() => { settled = true; });
    const now = live.instruments.current();
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    live.instruments.applied!(now);
    await settling;
    const { ticks, watermark, cursor } = await emitted();
    expect([ticks?.length, watermark! > 0, cursor?.receiptTimeUs]).toEqual([1, true, watermark]);
  }, instruments);
}, 10_000);

test('a set that came since is not taken for the one that was applied', async () => {
  const instruments = new MovingInstruments(['A']);
  const first = instruments.current();
  instruments.set(['B']);
  let settled = false;
  const settling = instruments.settled().then(() => { settled = true; });
  const second = instruments.current();
  instruments.applied(first);
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  instruments.applied(second);
  await settling;
});
