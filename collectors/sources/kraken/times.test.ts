import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { testLive } from '../../testing/live.ts';
import { tradeTimes } from './times.ts';

test('for any id a time before it is known, at most about twice as long ago, with few marks', () => {
  const steps = fc.array(fc.record({ ids: fc.integer({ min: 1, max: 3 }), us: fc.integer({ min: 0, max: 20e6 }) }), { minLength: 2, maxLength: 400 });
  fc.assert(
    fc.property(steps, (list) => {
      const { live } = testLive({ name: 'kraken' });
      const times = tradeTimes(live);
      const seen: [number, number][] = [];
      let [id, at] = [1000, 1_700_000_000e6];
      for (const step of list) {
        id += step.ids;
        at += step.us;
        seen.push([id, at]);
        times.note('kraken:BTC-USD', id, at);
      }
      const first = seen[0]!;
      for (const [, [wanted, when]] of seen.entries()) {
        if (wanted === first[0]) continue;
        const before = times.before('kraken:BTC-USD', wanted)!;
        expect(before).toBeLessThanOrEqual(when);
        expect(at - before).toBeLessThanOrEqual(2.5 * (at - when) + 45e6);
      }
      expect(times.before('kraken:BTC-USD', first[0])).toBeNull();
      const position = JSON.parse(live.positions.take(1)[0]!.position) as { times: unknown[] };
      expect(position.times.length).toBeLessThanOrEqual(32);
    }),
  );
});

test('they are known again after a restart, and a repeat or a late trade changes nothing', () => {
  const { live } = testLive({ name: 'kraken' });
  const times = tradeTimes(live);
  times.note('kraken:BTC-USD', 5, 5e6);
  times.note('kraken:BTC-USD', 9, 9e6);
  times.note('kraken:BTC-USD', 9, 1e6);
  times.note('kraken:BTC-USD', 7, 7e6);
  const again = tradeTimes(live);
  expect([again.before('kraken:BTC-USD', 5), again.before('kraken:BTC-USD', 6), again.before('kraken:BTC-USD', 9), again.before('kraken:BTC-USD', 12)]).toEqual([null, 5e6, 5e6, 9e6]);
});
