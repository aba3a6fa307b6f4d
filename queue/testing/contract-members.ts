import { describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '#proto';
import type { GroupOptions, Membership, TaskContext } from '../port.ts';
import type { QueueUnderTest } from './contract.ts';
import { aborted, deferred, eventually, readAll, send, text, valuesOf, within } from './harness.ts';

const GROUP = { group: 'g', topics: ['in', 'in2'] };

/** A member whose tasks wait for the abort, and what it saw. */
interface Seen {
  readonly membership: Membership;
  /** Newest context by partition. */
  readonly contexts: Map<number, TaskContext>;
  readonly starts: number[];
  readonly failures: unknown[];
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not in time: ${what}`);
    await sleep(5);
  }
}

export function memberPromises(queue: QueueUnderTest): void {
  const make = (partitions: number) =>
    queue().ensureTopics([
      { name: 'in', partitions, cleanup: 'delete' },
      { name: 'in2', partitions, cleanup: 'delete' },
      { name: 'out', partitions: 1, cleanup: 'delete' },
    ]);
  const enter = async (
    run: (context: TaskContext) => Promise<void> = ({ signal }) => aborted(signal),
    options: Partial<GroupOptions> = {},
  ): Promise<Seen> => {
    const seen = { contexts: new Map<number, TaskContext>(), starts: [] as number[], failures: [] as unknown[] };
    const membership = await queue().join({
      ...GROUP,
      onFailure: (error) => seen.failures.push(error),
      createTask: (partition) => ({
        run: async (context) => {
          seen.contexts.set(partition, context);
          seen.starts.push(partition);
          await run(context);
        },
      }),
      ...options,
    });
    return { ...seen, membership };
  };
  /** Once all partitions run at somebody, spread evenly. */
  const settled = (members: readonly Seen[], partitions: number) =>
    until(() => {
      const held = members.flatMap(({ membership, contexts }) =>
        membership.assignment().filter((partition) => contexts.get(partition)?.signal.aborted === false),
      );
      const counts = members.map(({ membership }) => membership.assignment().length);
      return new Set(held).size === partitions && held.length === partitions && Math.max(...counts) - Math.min(...counts) <= 1;
    }, 'every task at one member');

  describe('members of a group', () => {
    test('partitions spread over the members, the same number of each input at one member', async () => {
      await make(7);
      const members = [await enter(), await enter(), await enter()];
      await settled(members, 7);
      expect(members.map(({ membership }) => membership.assignment().length).sort()).toEqual([2, 2, 3]);
      for (let partition = 0; partition < 7; partition++) {
        await send(queue(), ['in', 'in2'].map((topic) => ({ topic, partition, value: topic })));
        const owner = members.find(({ membership }) => membership.assignment().includes(partition))!;
        const context = owner.contexts.get(partition)!;
        const values = new Set<string | null>();
        while (values.size < 2) for (const { records } of await context.poll()) valuesOf(records).forEach((value) => values.add(value));
        expect(values).toEqual(new Set(['in', 'in2']));
      }
    });

    test('members of one group read the same topics', async () => {
      await make(1);
      await enter();
      await expect(enter(undefined, { topics: ['in'] })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });

    test('a join moves tasks to the new member; the live owner stops first, and may commit until it has returned', async () => {
      await make(2);
      const order: string[] = [];
      const first = await enter(async (context) => {
        await aborted(context.signal);
        if (hasCode(context.signal.reason, 'SHUTTING_DOWN')) return;
        expect(context.signal.reason).toMatchObject({ code: 'FENCED' });
        await sleep(50);
        await context.commit({ offsets: new Map([['in', 5]]), metadata: 'drained' });
        order.push(`returns from ${context.partition}`);
      });
      await settled([first], 2);
      const second = await enter(async (context) => {
        order.push(`begins ${context.partition}, ${context.committed.get('in') ?? 'nothing'} committed, ${context.metadata}`);
        await aborted(context.signal);
      });
      await settled([first, second], 2);
      const [moved] = second.membership.assignment();
      expect(order).toEqual([`returns from ${moved!}`, `begins ${moved!}, 5 committed, drained`]);
      expect(first.membership.assignment()).toEqual([1 - moved!]);
      const late = first.contexts.get(moved!)!.commit({ outputs: [{ topic: 'out', value: 'late' }] });
      await expect(late).rejects.toMatchObject({ code: 'FENCED' });
      expect(await readAll(queue(), { topic: 'out' })).toEqual([]);
    });

    test('leave gives the tasks to those that stay', async () => {
      await make(4);
      const [first, second] = [await enter(), await enter()];
      await settled([first, second], 4);
      await first.membership.leave();
      await settled([second], 4);
      expect([first.membership.assignment(), second.membership.assignment()]).toEqual([[], [0, 1, 2, 3]]);
      expect([...first.contexts.values()].some(({ signal }) => !signal.aborted)).toBe(false);
      await second.membership.leave();
      await settled([await enter()], 4);
    });

    test('a member one of whose tasks fails leaves, and the others take its tasks over', async () => {
      await make(4);
      const broken = deferred();
      const first = await enter(async ({ signal }) => {
        await Promise.race([aborted(signal), broken.promise]);
        if (!signal.aborted) throw new TypeError('broken');
      });
      const second = await enter();
      await settled([first, second], 4);
      broken.resolve();
      await settled([second], 4);
      await until(() => first.failures.length > 0, 'the report');
      expect(first.failures[0]).toMatchObject({ message: 'broken' });
      expect([first.membership.assignment(), second.failures]).toEqual([[], []]);
    });

    test('a frozen owner loses the task and cannot commit any more; what it does later harms nobody', async () => {
      await make(1);
      const thaw = deferred();
      const frozen = await enter(async (context) => {
        await thaw.promise;
        await context.commit({ outputs: [{ topic: 'out', value: 'zombie' }], offsets: new Map([['in', 9]]) });
      });
      const heir = await enter();
      await settled([frozen], 1);
      const left = frozen.membership.leave();
      await settled([heir], 1);
      await within(left, 'the leave of the frozen member');
      const context = frozen.contexts.get(0)!;
      await expect(context.commit({ offsets: new Map([['in', 1]]) })).rejects.toMatchObject({ code: 'FENCED' });
      expect(await context.poll({ maxWaitMs: 0 })).toEqual([]);
      thaw.resolve();
      await heir.contexts.get(0)!.commit({ offsets: new Map([['in', 2]]) });
      await eventually(async () => { expect(await queue().committed('g', 'in')).toEqual(new Map([[0, 2]])); });
      expect(await readAll(queue(), { topic: 'out' })).toEqual([]);
      expect([frozen.failures, heir.failures]).toEqual([[], []]);
    });

    test('a task that stays is not interrupted when others join, leave and die', async () => {
      await make(6);
      const first = await enter();
      await settled([first], 6);
      const second = await enter();
      await settled([first, second], 6);
      const stayed = new Map(first.membership.assignment().map((partition) => [partition, first.contexts.get(partition)!]));
      expect(stayed.size).toBe(3);
      await second.membership.leave();
      await settled([first], 6);
      const third = await enter();
      await settled([first, third], 6);
      for (const [partition, context] of stayed) {
        const still = first.membership.assignment().includes(partition);
        expect([context.signal.aborted, first.contexts.get(partition) === context]).toEqual([!still, true]);
        if (still) expect(first.starts.filter((started) => started === partition)).toHaveLength(1);
      }
      expect(first.starts).toHaveLength(9);
    });

    test('across moves no record is handled twice or missed', async () => {
      const [partitions, count] = [6, 120];
      await make(partitions);
      const expected: string[] = [];
      for (let i = 0; i < count; i++) {
        for (let partition = 0; partition < partitions; partition++) expected.push(`${partition}:${i}`);
      }
      await send(queue(), expected.map((value) => ({ topic: 'in', partition: Number(value.split(':')[0]), value })));
      const copying = async (context: TaskContext): Promise<void> => {
        while (!context.signal.aborted) {
          for (const { records, nextOffset, topic } of await context.poll({ maxRecords: 7, maxWaitMs: 20 })) {
            await sleep(1);
            const outputs = records.map(({ value }) => ({ topic: 'out', value }));
            await context.commit({ outputs, offsets: new Map([[topic, nextOffset]]) });
          }
        }
      };
      const failing = async (context: TaskContext): Promise<void> => {
        await context.poll({ maxRecords: 3, maxWaitMs: 20 });
        throw new TypeError('dies with records in its hands');
      };
      const members = [await enter(copying)];
      for (const [i, run] of [copying, failing, copying, failing, copying].entries()) {
        await sleep(15);
        members.push(await enter(run));
        if (i === 2) void members[0]!.membership.leave();
      }
      // Offsets may have gaps: the records are counted.
      let seen = 0;
      for await (const { records } of queue().read({ topic: 'out', from: 'earliest' })) if ((seen += records.length) >= expected.length) break;
      await Promise.all(members.map(({ membership }) => membership.leave()));
      const got = (await readAll(queue(), { topic: 'out' })).map(({ value }) => text(value)!);
      expect([...got].sort()).toEqual([...expected].sort());
      for (let partition = 0; partition < partitions; partition++) {
        const mine = (values: readonly string[]) => values.filter((value) => value.startsWith(`${partition}:`));
        expect(mine(got)).toEqual(mine(expected));
      }
    });
  });
}
