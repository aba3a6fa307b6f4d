/** The swap of the store's file: killed at any step, raced by a second process, and on a full disk. */
import { afterAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openEmbeddedQueue, openLmdbStore, type CompactionStep } from '#queue/embedded';
import { readAll, send, valuesOf } from '../testing/harness.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { openLocked } from './open.ts';

const child = fileURLToPath(new URL('../../dist/queue/testing/killed-compaction.js', import.meta.url));
const root = temporaryDirectory();
afterAll(root.remove);
const dataFiles = (directory: string): string[] => readdirSync(directory).filter((name) => /\.mdb(\.new)?$/.test(name)).sort();

test.each<CompactionStep>(['copying', 'copied', 'swapped', 'reopened', 'cleaned'])('killed at %s: nothing is lost, and the next opening gives the space back', async (step) => {
  const directory = `${root.path}/${step}`;
  const filled = spawnSync(process.execPath, [child, directory, 'fill'], { encoding: 'utf8' });
  expect([filled.stderr, filled.stdout]).toEqual(['', '[{"partition":0,"earliest":10,"end":11}]']);
  const killed = spawnSync(process.execPath, [child, directory, step], { encoding: 'utf8' });
  expect([killed.signal, killed.stderr]).toEqual(['SIGKILL', '']);
  const swapped = ['swapped', 'reopened', 'cleaned'].includes(step);
  expect(dataFiles(directory).includes('queue.1.mdb')).toBe(swapped);

  const queue = await openEmbeddedQueue({ directory, giveBackBytes: 1 });
  expect(await queue.offsets('t')).toEqual([{ partition: 0, earliest: 10, end: 11 }]);
  expect(valuesOf(await readAll(queue, { topic: 't' }))).toEqual(['kept']);
  expect(await send(queue, [{ topic: 't', value: 'new' }])).toEqual([11]);
  expect(dataFiles(directory)).toEqual(['queue.1.mdb']);
  expect(statSync(`${directory}/queue.1.mdb`).size).toBeLessThan(200_000);
  await queue.close();
});

test('a process that opened the file before the swap opens the new one before it locks', async () => {
  const directory = `${root.path}/raced`;
  const filled = spawnSync(process.execPath, [child, directory, 'fill'], { encoding: 'utf8' });
  expect(filled.stderr).toBe('');
  let opened = 0;
  const { store, lock } = await openLocked(directory, (path) => {
    const early = openLmdbStore(path);
    // Another process has the directory, swaps and leaves, between this opening and the locking.
    if (opened++ === 0) spawnSync(process.execPath, [child, directory, 'none'], { encoding: 'utf8' });
    return early;
  });
  expect(opened).toBe(2);
  expect(store.superseded?.()).toBe(false);
  lock.release();
  await store.close();
  const queue = await openEmbeddedQueue({ directory });
  expect((await queue.offsets('t'))[0]!.end).toBe(22);
  await queue.close();
});
