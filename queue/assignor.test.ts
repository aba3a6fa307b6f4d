import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignTasks, type AssignorMember } from './assignor.ts';

const COUNTS = fc.nat({ max: 48 });
/** Members with any claims: doubled, stale and beyond the count. */
const MEMBERS: fc.Arbitrary<AssignorMember[]> = fc.uniqueArray(
  fc.record({
    id: fc.string({ maxLength: 4 }),
    owned: fc.array(fc.nat({ max: 60 }), { maxLength: 30 }),
    generation: fc.nat({ max: 3 }),
  }),
  { selector: ({ id }) => id, maxLength: 9 },
);

const members = (assigned: ReadonlyMap<string, number[]>): AssignorMember[] =>
  [...assigned].map(([id, owned]) => ({ id, owned }));
const sizes = (assigned: ReadonlyMap<string, number[]>): number[] => [...assigned.values()].map(({ length }) => length);
const moved = (before: ReadonlyMap<string, number[]>, after: ReadonlyMap<string, number[]>): number =>
  [...before].reduce((sum, [id, owned]) => sum + owned.filter((p) => !(after.get(id) ?? []).includes(p)).length, 0);

test('every partition is owned exactly once, by members that differ by at most one', () => {
  fc.assert(
    fc.property(COUNTS, MEMBERS, (partitions, group) => {
      const assigned = assignTasks(partitions, group);
      expect(new Set(assigned.keys())).toEqual(new Set(group.map(({ id }) => id)));
      if (group.length === 0) return;
      const all = [...assigned.values()].flat().sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: partitions }, (_, i) => i));
      expect(Math.max(...sizes(assigned)) - Math.min(...sizes(assigned))).toBeLessThanOrEqual(1);
    }),
  );
});

test('the order in which members are named does not matter, and asking again changes nothing', () => {
  fc.assert(
    fc.property(COUNTS, MEMBERS, (partitions, group) => {
      const assigned = assignTasks(partitions, group);
      expect(assignTasks(partitions, [...group].reverse())).toEqual(assigned);
      expect(assignTasks(partitions, members(assigned))).toEqual(assigned);
    }),
  );
});

test('a join moves only what the new member gets; a leave or a death only what the old one had', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 48 }), fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 25 }), (partitions, steps) => {
      let now = assignTasks(partitions, [{ id: 'm0', owned: [] }]);
      steps.forEach((step, i) => {
        const ids = [...now.keys()];
        const leaves = step % 2 === 1 && ids.length > 1;
        const gone = ids[step % ids.length]!;
        const group = leaves ? members(now).filter(({ id }) => id !== gone) : [...members(now), { id: `n${i}`, owned: [] }];
        const next = assignTasks(partitions, group);
        expect(moved(now, next)).toBe(leaves ? now.get(gone)!.length : next.get(`n${i}`)!.length);
        now = next;
      });
    }),
  );
});

test('from any start, no spread that is as even keeps more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.nat({ max: 2 }), { minLength: 6, maxLength: 6 }), (partitions, owners) => {
      const group = [0, 1, 2].map((id) => ({
        id: `${id}`,
        owned: owners.flatMap((owner, partition) => (owner === id && partition < partitions ? [partition] : [])),
      }));
      const kept = (spread: readonly number[]): number => spread.filter((owner, p) => owners[p] === owner).length;
      const spreadOf = (code: number): number[] => Array.from({ length: partitions }, (_, p) => Math.floor(code / 3 ** p) % 3);
      const even = (spread: readonly number[]): boolean => {
        const counts = [0, 1, 2].map((id) => spread.filter((owner) => owner === id).length);
        return Math.max(...counts) - Math.min(...counts) <= 1;
      };
      let best = 0;
      for (let code = 0; code < 3 ** partitions; code++) {
        const spread = spreadOf(code);
        if (even(spread)) best = Math.max(best, kept(spread));
      }
      const assigned = assignTasks(partitions, group);
      const mine = Array.from({ length: partitions }, (_, p) => Number([...assigned].find(([, list]) => list.includes(p))![0]));
      expect(kept(mine)).toBe(best);
    }),
  );
});

test('of two claims the one of the higher generation counts, of equals the one of the lower id', () => {
  const claim = (id: string, generation: number) => ({ id, generation, owned: [0] });
  expect(assignTasks(2, [claim('a', 1), claim('b', 2)]).get('b')).toEqual([0]);
  expect(assignTasks(2, [claim('b', 1), claim('a', 1)]).get('a')).toEqual([0]);
});
