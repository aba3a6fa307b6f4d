/** kill -9 in the middle of transactions, by a store that dies at a chosen instruction. */
import { afterAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openEmbeddedQueue } from '#queue/embedded';
import { readAll, valuesOf } from '../testing/harness.ts';
import type { KillPoint } from '../testing/killed-writer.ts';
import { temporaryDirectory } from '../testing/temporary.ts';

const child = fileURLToPath(new URL('../../dist/queue/testing/killed-writer.js', import.meta.url));
const root = temporaryDirectory();
afterAll(root.remove);

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
// A commit of the child changes ten entries: 20 changes reach into the second commit after arming.
const kills: [KillPoint, number][] = [
  ...upTo(14).map((n): [KillPoint, number] => ['before-put', n]),
  ...[1, 5, 10, 11, 17].map((n): [KillPoint, number] => ['after-put', n]),
  ...upTo(3).map((n): [KillPoint, number] => ['before-commit', n]),
  ...upTo(3).map((n): [KillPoint, number] => ['after-commit', n]),
];

test('the child that gets killed is built', () => {
  expect(existsSync(child)).toBe(true); // npm run build
});

test.each(kills)('killed %s %d: a commit is there whole or not at all, and an acknowledged one is there', async (point, n) => {
  const directory = `${root.path}/${point}-${n}`;
  const { signal, stdout, stderr } = spawnSync(process.execPath, [child, directory, point, `${n}`], { encoding: 'utf8' });
  expect([signal, stderr]).toEqual(['SIGKILL', '']);
  const acknowledged = stdout.split('\n').length - 1;
  expect(acknowledged).toBeGreaterThanOrEqual(2);

  const queue = await openEmbeddedQueue({ directory });
  try {
    const commits = (await queue.committed('g', 'in')).get(0)!;
    expect(commits - acknowledged).toBe(point === 'after-commit' ? 1 : 0);
    const expected = Array.from({ length: commits }, (_, i) => `${i}`);
    expect(valuesOf(await readAll(queue, { topic: 'out', partitions: [0] }))).toEqual(expected);
    expect(valuesOf(await readAll(queue, { topic: 'out', partitions: [1] }))).toEqual(expected);
    expect(valuesOf(await readAll(queue, { topic: 'table' }))).toEqual([`${commits - 1}`]);
    expect((await queue.offsets('out')).map(({ end }) => end)).toEqual([commits, commits]);
  } finally {
    await queue.close();
  }
});
