import { afterAll, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openEmbeddedQueue } from '#queue/embedded';
import { temporaryDirectory } from '../testing/temporary.ts';

const root = temporaryDirectory();
afterAll(root.remove);
let made = 0;
const fresh = (): string => `${root.path}/${made++}`;

/** A directory that was used and closed, with a lock file as given. */
async function leftBehind(holder: string): Promise<string> {
  const directory = fresh();
  await (await openEmbeddedQueue({ directory })).close();
  writeFileSync(`${directory}/lock`, holder);
  return directory;
}

test('a directory in use is refused, and the process that has it is named', async () => {
  const directory = fresh();
  const queue = await openEmbeddedQueue({ directory });
  await expect(openEmbeddedQueue({ directory })).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    details: { pid: process.pid },
    message: expect.stringContaining(`${process.pid}`),
  });
  await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete' }]);
  await queue.close();
  expect(existsSync(`${directory}/lock`)).toBe(false);
  await (await openEmbeddedQueue({ directory })).close();
});

test('the lock of a process that is gone is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const directory = await leftBehind(JSON.stringify({ pid, startTime: '1' }));
  const queue = await openEmbeddedQueue({ directory });
  expect(JSON.parse(readFileSync(`${directory}/lock`, 'utf8'))).toMatchObject({ pid: process.pid });
  await queue.close();
});

test('the pid of the holder, used again by another process, does not lock', async () => {
  const directory = await leftBehind(JSON.stringify({ pid: process.pid, startTime: '1' }));
  await (await openEmbeddedQueue({ directory })).close();
});

test('a live holder of which only the pid is known locks', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    const directory = await leftBehind(JSON.stringify({ pid: other.pid, startTime: null }));
    await expect(openEmbeddedQueue({ directory })).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
});

test.each(['', '{', '{"pid":"1","startTime":null}', '{"pid":-1,"startTime":null}'])('a lock file that names nobody (%j) is taken over', async (holder) => {
  const directory = await leftBehind(holder);
  await (await openEmbeddedQueue({ directory })).close();
});
