/** On a disk that really is full: a small one in memory, which only root on Linux can mount. */
import { afterAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../testing/temporary.ts';

const filler = fileURLToPath(new URL('../../dist/queue/testing/disk-filler.js', import.meta.url));
const root = temporaryDirectory();
afterAll(root.remove);

/** In a mount namespace of its own: nobody else sees the disk, and it ends with the process. */
function onSmallDisk(command: string) {
  const disk = `${root.path}/disk`;
  mkdirSync(disk, { recursive: true });
  return spawnSync('unshare', ['-m', 'sh', '-c', `mount -t tmpfs -o size=8m tmpfs ${disk} && ${command}`], { encoding: 'utf8' });
}

const possible = onSmallDisk('true').status === 0;

(possible ? test : test.skip)('a full disk is DISK_FULL, what was acknowledged is read, and retention makes room', () => {
  const { stdout, stderr } = onSmallDisk(`${process.execPath} ${filler} ${root.path}/disk/data`);
  expect(stderr).toBe('');
  const result = JSON.parse(stdout) as { acknowledged: number };
  expect(result).toEqual({
    acknowledged: result.acknowledged, code: 'DISK_FULL', again: 'DISK_FULL',
    read: result.acknowledged, blocks: result.acknowledged, afterwards: null,
  });
  expect(result.acknowledged).toBeGreaterThan(20);
});
