/** What callers see when the store refuses, holds bytes that were changed, or is of another format. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { fail } from '#proto';
import { openEmbeddedQueue, openLmdbStore, type StoreFactory } from '#queue/embedded';
import { readAll, send, valuesOf } from '../testing/harness.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { blockKey, encodeNumbers, metaKey } from './keys.ts';

const root = temporaryDirectory();
afterAll(root.remove);
let made = 0;
const fresh = (): string => `${root.path}/${made++}`;
const topic = { name: 't', partitions: 1, cleanup: 'delete' } as const;

async function filled(): Promise<string> {
  const directory = fresh();
  const queue = await openEmbeddedQueue({ directory });
  await queue.ensureTopics([topic]);
  for (const value of ['a', 'b', 'c']) await send(queue, [{ topic: 't', value }]);
  await queue.close();
  return directory;
}

async function change(directory: string, key: Uint8Array, value: Uint8Array | null): Promise<void> {
  const store = openLmdbStore(directory);
  store.transaction((writer) => {
    if (value === null) writer.remove(key);
    else writer.put(key, value);
  });
  await store.close();
}

test.each([
  ['a changed block', Buffer.from('not a block, but long enough to have been one, had anybody written it')],
  ['a block of another offset', null],
])('%s is DATA_CORRUPT; what was read before it stands', async (_, bytes) => {
  const directory = await filled();
  const store = openLmdbStore(directory);
  const second = bytes ?? store.get(blockKey(0, 0, 0))!;
  await store.close();
  await change(directory, blockKey(0, 0, 1), second);
  const queue = await openEmbeddedQueue({ directory });
  await expect(readAll(queue, { topic: 't' })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  expect(valuesOf(await readAll(queue, { topic: 't', from: { offsets: new Map([[0, 2]]) } }))).toEqual(['c']);
  await queue.close();
});

test.each([0, 1, 2])('a block that is missing at offset %d is DATA_CORRUPT', async (offset) => {
  const directory = await filled();
  await change(directory, blockKey(0, 0, offset), null);
  const queue = await openEmbeddedQueue({ directory });
  await expect(readAll(queue, { topic: 't' })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  await queue.close();
});

test('a directory of another format is refused, and can be closed again', async () => {
  const directory = await filled();
  await change(directory, metaKey('format'), encodeNumbers(99));
  await expect(openEmbeddedQueue({ directory })).rejects.toMatchObject({ code: 'UNSUPPORTED_SCHEMA', message: expect.stringContaining('99') });
  await change(directory, metaKey('format'), encodeNumbers(1));
  await (await openEmbeddedQueue({ directory })).close();
});

describe('a commit that fails', () => {
  /** Fails the commits for which `when` says so: before anything is written, or after all of it is. */
  const failing = (when: { before: boolean; after: boolean }): StoreFactory => (directory) => {
    const store = openLmdbStore(directory);
    const full = (): Error => fail('DISK_FULL', 'full');
    return {
      get: (key) => store.get(key),
      range: (from, to, options) => store.range(from, to, options),
      close: () => store.close(),
      transaction: (work) => {
        const result = store.transaction((writer) => {
          const answer = work(writer);
          if (when.before) throw full();
          return answer;
        });
        if (when.after) throw full();
        return result;
      },
    };
  };

  test.each(['before', 'after'] as const)('rejects every send in it (%s writing), and the next one goes on behind what is stored', async (point) => {
    const when = { before: false, after: false };
    const queue = await openEmbeddedQueue({ directory: fresh(), store: failing(when) });
    await queue.ensureTopics([topic]);
    expect(await send(queue, [{ topic: 't', value: 'a' }])).toEqual([0]);
    when[point] = true;
    const sends = ['b', 'c'].map((value) => send(queue, [{ topic: 't', value }]));
    for (const sent of await Promise.allSettled(sends)) {
      expect(sent).toMatchObject({ status: 'rejected', reason: { code: 'DISK_FULL' } });
    }
    when[point] = false;
    await send(queue, [{ topic: 't', value: 'd' }]);
    const expected = point === 'before' ? ['a', 'd'] : ['a', 'b', 'c', 'd'];
    expect(valuesOf(await readAll(queue, { topic: 't' }))).toEqual(expected);
    await queue.close();
  });
});
