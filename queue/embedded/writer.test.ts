import { afterAll, expect, test } from '@jest/globals';
import { openEmbeddedQueue, openLmdbStore } from '#queue/embedded';
import { aborted, deferred, joinWith, send } from '../testing/harness.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { Notifier, waitForAny } from './notifier.ts';

const root = temporaryDirectory();
afterAll(root.remove);
let made = 0;

async function counting() {
  const counts = { transactions: 0, blocks: 0 };
  const queue = await openEmbeddedQueue({
    directory: `${root.path}/${made++}`,
    store: (directory) => {
      const store = openLmdbStore(directory);
      return {
        get: (key) => store.get(key),
        range: (from, to, options) => store.range(from, to, options),
        close: () => store.close(),
        transaction: (work) => {
          counts.transactions++;
          return store.transaction((writer) =>
            work({
              ...writer,
              put: (key, value) => {
                if (key[0] === 'b'.charCodeAt(0)) counts.blocks++;
                writer.put(key, value);
              },
            }),
          );
        },
      };
    },
  });
  await queue.ensureTopics([{ name: 't', partitions: 2, cleanup: 'delete' }]);
  return { queue, counts };
}

test('sends of one turn share one transaction, and one block for each partition', async () => {
  const { queue, counts } = await counting();
  counts.transactions = 0;
  await Promise.all(Array.from({ length: 100 }, (_, i) => send(queue, [{ topic: 't', partition: i % 2, value: `${i}` }])));
  expect(counts).toEqual({ transactions: 1, blocks: 2 });
  await queue.close();
});

test('a block is closed at 1 MiB', async () => {
  const { queue, counts } = await counting();
  const value = Buffer.alloc(300 * 1024);
  await send(queue, Array.from({ length: 8 }, () => ({ topic: 't', partition: 0, value })));
  expect(counts.blocks).toBe(3);
  await queue.close();
});

test('a commit that is refused does not hold back the sends beside it', async () => {
  const { queue } = await counting();
  const left = deferred<() => Promise<void>>();
  const { options } = joinWith({ group: 'g', topics: ['t'] }, async (context) => {
    left.resolve(() => context.commit({ outputs: [{ topic: 't', partition: 0, value: 'late' }] }));
    await aborted(context.signal);
  });
  const membership = await queue.join(options);
  const commit = await left.promise;
  await membership.leave();
  const [refused, sent] = await Promise.allSettled([commit(), send(queue, [{ topic: 't', partition: 0, value: 'x' }])]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'FENCED' } });
  expect(sent).toEqual({ status: 'fulfilled', value: [0] });
  await queue.close();
});

test('what is already sent when the queue closes is written', async () => {
  const { queue } = await counting();
  const producer = await queue.producer();
  const sent = producer.send([{ topic: 't', value: 'last' }]);
  await queue.close();
  expect(await sent).toEqual([0]);
});

test('a wait leaves nothing behind, however it ends', async () => {
  const notifiers = [new Notifier(), new Notifier()];
  const { signal } = new AbortController();
  await waitForAny(notifiers, signal, 1);
  const notified = waitForAny(notifiers, signal);
  notifiers[1]!.notify();
  await notified;
  const controller = new AbortController();
  const abortedWait = waitForAny(notifiers, controller.signal);
  controller.abort();
  await abortedWait;
  await waitForAny(notifiers, controller.signal);
  expect(notifiers.map(({ size }) => size)).toEqual([0, 0]);
});
