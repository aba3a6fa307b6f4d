/** Ladders, limiters, slots, addresses, waits: the rules of connecting. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Clock } from '../clock.ts';
import { fakeClock } from '../testing/run.ts';
import { BackOff, delayOf } from './ladder.ts';
import { createLimiter, createLimits, partOf } from './limits.ts';
import { checkUrl } from './network.ts';
import { retryAfterMs } from './retry-after.ts';
import { Slots } from './slots.ts';

const never = new AbortController().signal;

/** Many may sleep; its time goes from one who wakes to the next. */
function steppedClock(): Clock & { run(): Promise<void> } {
  const sleepers: { readonly due: number; readonly wake: () => void }[] = [];
  let now = 0;
  return {
    now: () => now,
    sleep: (ms, signal) => new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => { resolve(); });
      sleepers.push({ due: now + ms, wake: resolve });
    }),
    async run() {
      for (;;) {
        for (let i = 0; i < 40; i++) await Promise.resolve();
        sleepers.sort((a, b) => a.due - b.due);
        const next = sleepers.shift();
        if (!next) return;
        now = Math.max(now, next.due);
        next.wake();
      }
    },
  };
}

describe('ladders', () => {
  const waits = (ladder: Parameters<typeof delayOf>[0], tries: number): number[] => Array.from({ length: tries }, (_, i) => delayOf({ ...ladder, jitter: 0 }, i + 1, () => 0));

  test('at once, by factor, by steps, up to a cap', () => {
    expect(waits({ immediate: 1, first: 500, factor: 2, cap: 3000 }, 6)).toEqual([0, 500, 1000, 2000, 3000, 3000]);
    // The three of X: TCP errors, HTTP errors, 429.
    expect(waits({ first: 250, step: 250, cap: 16_000 }, 5)).toEqual([250, 500, 750, 1000, 1250]);
    expect(waits({ first: 5000, factor: 2, cap: 320_000 }, 8).at(-1)).toBe(320_000);
    expect(waits({ first: 60_000, factor: 2, cap: 900_000 }, 3)).toEqual([60_000, 120_000, 240_000]);
  });

  test('jitter only shortens', () => {
    expect(delayOf({ first: 1000, cap: 1000, jitter: 0.2 }, 1, () => 0.999)).toBeCloseTo(800, 0);
    expect(delayOf({ first: 1000, cap: 1000, jitter: 0.2 }, 1, () => 0)).toBe(1000);
  });

  test('each cause climbs its own; all begin anew once a connection has been good', () => {
    const backOff = new BackOff({ dropped: { immediate: 1, first: 10, factor: 2, cap: 100, jitter: 0 } }, () => 0);
    expect([backOff.next('dropped'), backOff.next('dropped'), backOff.next('unreachable'), backOff.next('dropped')]).toEqual([0, 10, 500, 20]);
    backOff.reset();
    expect(backOff.next('dropped')).toBe(0);
  });
});

describe('limiters', () => {
  test('never more than the limit in any window, however many ask, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 10, max: 1000 }), fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 30 }), async (limit, perMs, pauses) => {
        const clock = fakeClock();
        const limiter = createLimiter({ limit, perMs }, clock);
        const times: number[] = [];
        for (const pause of pauses) {
          await clock.sleep(pause, never);
          await limiter.take(never);
          times.push(clock.now());
        }
        times.forEach((time, i) => { if (i >= limit) expect(time - times[i - limit]!).toBeGreaterThanOrEqual(perMs - 1e-6); });
      }),
    );
  });

  test('nor where a pause comes while they wait, or some go away', async () => {
    const act = fc.record({ after: fc.integer({ min: 0, max: 300 }), what: fc.constantFrom('pause', 'leave', 'take', 'take', 'take'), ms: fc.integer({ min: 1, max: 3000 }) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 10, max: 1000 }), fc.array(act, { minLength: 1, maxLength: 30 }), async (limit, perMs, acts) => {
        const clock = steppedClock();
        const limiter = createLimiter({ limit, perMs }, clock);
        const taken: { readonly i: number; readonly at: number }[] = [];
        let at = 0;
        for (const [i, { after, what, ms }] of acts.entries()) {
          at += after;
          void clock.sleep(at, never).then(async () => {
            const leaving = new AbortController();
            if (what === 'pause') limiter.pause(ms);
            else if (what === 'leave') void clock.sleep(ms, never).then(() => { leaving.abort(); });
            if (what === 'pause') return;
            await limiter.take(leaving.signal);
            if (what === 'take') taken.push({ i, at: clock.now() });
          });
        }
        await clock.run();
        taken.forEach((one, i) => { if (i >= limit) expect(one.at - taken[i - limit]!.at).toBeGreaterThanOrEqual(perMs - 1e-6); });
        expect(taken.map(({ i }) => i)).toEqual(acts.flatMap(({ what }, i) => (what === 'take' ? [i] : [])));
      }),
    );
  });

  test('a pause that the vendor asked for holds for all', async () => {
    const clock = fakeClock();
    const limiter = createLimiter({ limit: 10, perMs: 1000 }, clock);
    limiter.pause(5000);
    expect(limiter.wait()).toBe(5000);
    await limiter.take(never);
    expect(clock.now()).toBe(5000);
  });

  test('the same name is the same limiter; replicas share the cap', () => {
    const limits = createLimits(fakeClock(), 4);
    expect(limits.of('a', { limit: 8, perMs: 1000 })).toBe(limits.of('a', { limit: 8, perMs: 1000 }));
    expect(limits.of('b', { limit: 8, perMs: 1000 })).not.toBe(limits.of('a', { limit: 8, perMs: 1000 }));
    expect(partOf({ limit: 150, perMs: 600_000 }, 4)).toEqual({ limit: 37, perMs: 600_000 });
    expect(partOf({ limit: 1, perMs: 1000 }, 3)).toEqual({ limit: 1, perMs: 3000 });
  });
});

test('symbols over connections: within the bound, and those that stay keep theirs', () => {
  const symbol = fc.integer({ min: 0, max: 40 }).map((n) => `S${n}`);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.uniqueArray(symbol), { minLength: 1, maxLength: 6 }), (perSlot, sets) => {
      const slots = new Slots(perSlot);
      const place = new Map<string, number>();
      for (const set of sets) {
        for (const { slot, added, removed } of slots.update(set).changes) {
          for (const one of removed) expect(place.get(one)).toBe(slot);
          for (const one of removed) place.delete(one);
          for (const one of added) {
            expect(place.has(one)).toBe(false);
            place.set(one, slot);
          }
        }
        expect(new Set(place.keys())).toEqual(new Set(set));
        for (const slot of new Set(place.values())) expect(slots.symbols(slot).length).toBeLessThanOrEqual(perSlot);
      }
    }),
  );
  const bounded = new Slots(2, 2);
  expect(bounded.update(['a', 'b', 'c', 'd', 'e']).left).toEqual(['e']);
});

test('plain text is refused unless allowed, and the message holds no key', () => {
  expect(checkUrl('wss://a.example/x?key=SECRET', false).host).toBe('a.example');
  expect(checkUrl('ws://127.0.0.1:1', true).host).toBe('127.0.0.1:1');
  for (const [url, allowed] of [['ws://a.example/x?key=SECRET', false], ['http://a.example/?key=SECRET', false], ['ftp://a.example/?key=SECRET', true], ['SECRET', true]] as const) {
    expect(() => checkUrl(url, allowed)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('SECRET') as unknown }));
  }
});

test('how long a vendor asks to wait', () => {
  const now = Date.UTC(2026, 0, 1);
  expect(retryAfterMs({ 'retry-after': '5' }, now)).toBe(5000);
  expect(retryAfterMs({ 'retry-after': new Date(now + 9000).toUTCString() }, now)).toBe(9000);
  expect(retryAfterMs({ 'x-rate-limit-reset': String(now / 1000 + 60), 'x-rate-limit-remaining': '0' }, now)).toBe(60_000);
  expect(retryAfterMs({ 'x-rate-limit-reset': String(now / 1000 + 60), 'x-rate-limit-remaining': '3' }, now)).toBeNull();
  expect(retryAfterMs({ 'x-ratelimit-reset': new Date(now + 7000).toISOString(), 'x-ratelimit-remaining': '0' }, now)).toBe(7000);
  expect(retryAfterMs({ 'x-ratelimit-reset': new Date(now + 7000).toISOString(), 'x-ratelimit-remaining': '12' }, now)).toBeNull();
  expect(retryAfterMs({}, now)).toBeNull();
});
