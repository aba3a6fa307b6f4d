import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { decodeAssignment, decodeState, encodeAssignment, encodeState, planAssignment, protocolName, type MemberState } from './protocol.ts';

const partitionList = fc.uniqueArray(fc.nat({ max: 30 }), { maxLength: 12 });
const names = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { minLength: 1, maxLength: 4 });

test('what a member has is read as it was said', () => {
  fc.assert(
    fc.property(names, partitionList, fc.integer({ min: -1, max: 0x7fff_ffff }), (topics, owned, generation) => {
      expect(decodeState(encodeState(topics, { owned, generation }))).toEqual({ owned, generation });
    }),
  );
});

test('an assignment is read as it was given, and an empty one is none', () => {
  fc.assert(
    fc.property(names, partitionList, (topics, partitions) => {
      expect(decodeAssignment(encodeAssignment(topics, partitions))).toEqual(partitions);
    }),
  );
  expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
});

test('of a member whose words end too early nothing is taken for its own', () => {
  const state = encodeState(['quotes'], { owned: [1, 2], generation: 3 });
  expect(decodeState(state.subarray(0, state.length - 3))).toEqual({ owned: [], generation: -1 });
});

test('members of other topics have another protocol, whatever the order they are named in', () => {
  expect(protocolName(['a', 'b'])).toBe(protocolName(['b', 'a']));
  expect(new Set([['a'], ['b'], ['a', 'b'], ['ab']].map(protocolName)).size).toBe(4);
});

interface Simulated {
  readonly id: string;
  /** What it runs: it has been assigned, and has not given it up. */
  runs: Set<number>;
  generation: number;
}

/** One rebalance as members do it: all say what they have, the plan is given out, what is not in it is given up. @returns whether some must join again */
function rebalance(partitions: number, members: readonly Simulated[], generation: number): boolean {
  const plan = planAssignment(partitions, members.map(({ id, runs, generation: since }) => ({ id, state: { owned: [...runs], generation: since } })));
  let again = false;
  // The plan comes to all before any has stopped what it gives up: nobody may run what another still does.
  const running = new Map(members.flatMap(({ id, runs }) => [...runs].map((partition) => [partition, id] as const)));
  for (const { id } of members) for (const partition of plan.get(id)!) expect(running.get(partition) ?? id).toBe(id);
  for (const member of members) {
    const next = new Set(plan.get(member.id));
    again ||= [...member.runs].some((partition) => !next.has(partition));
    member.runs = next;
    member.generation = generation;
  }
  return again;
}

test('over any joins, leaves and deaths no partition has two owners, all find one, and what stays is not interrupted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.array(fc.tuple(fc.constantFrom('join', 'die'), fc.nat()), { minLength: 1, maxLength: 14 }), (partitions, steps) => {
      let generation = 1;
      let members: Simulated[] = [];
      steps.forEach(([kind, pick], i) => {
        const before = new Map(members.map(({ id, runs }) => [id, new Set(runs)]));
        if (kind === 'join' || members.length === 0) members = [...members, { id: `${pick % 7}-${i}`, runs: new Set(), generation: -1 }];
        else members = members.filter((_, at) => at !== pick % members.length);
        if (members.length === 0) return;
        const ever = new Map(members.map(({ id, runs }) => [id, new Set(runs)]));
        for (let rounds = 0; rebalance(partitions, members, generation++); rounds++) {
          for (const { id, runs } of members) for (const partition of ever.get(id)!) if (!runs.has(partition)) ever.get(id)!.delete(partition);
          expect(rounds).toBeLessThan(3);
        }
        expect(members.flatMap(({ runs }) => [...runs]).sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, p) => p));
        const sizes = members.map(({ runs }) => runs.size);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        // A task that its member has in the end was never taken from it on the way.
        for (const { id, runs } of members) for (const partition of before.get(id) ?? []) if (runs.has(partition)) expect(ever.get(id)!.has(partition)).toBe(true);
      });
    }),
  );
});

test('whatever members claim, a plan gives no partition twice, and none that another may still run', () => {
  const member = fc.record({ id: fc.string({ maxLength: 3 }), state: fc.record<MemberState>({ owned: partitionList, generation: fc.integer({ min: -1, max: 3 }) }) });
  fc.assert(
    fc.property(fc.nat({ max: 24 }), fc.uniqueArray(member, { selector: ({ id }) => id, maxLength: 6 }), (partitions, members) => {
      const plan = planAssignment(partitions, members);
      const given = [...plan.values()].flat();
      expect(new Set(given).size).toBe(given.length);
      for (const partition of given) expect(partition).toBeLessThan(partitions);
      for (const [id, list] of plan) {
        for (const partition of list) {
          const claims = members.filter(({ state }) => state.owned.includes(partition));
          const newest = Math.max(...claims.map(({ state }) => state.generation));
          // Unclaimed, or the claim of its owner is not behind another's.
          expect(claims.length === 0 || claims.some((claim) => claim.id === id && claim.state.generation === newest)).toBe(true);
        }
      }
    }),
  );
});
