/**
 * The file of the store: `queue.mdb`, and after the n-th compaction `queue.<n>.mdb`. The highest number
 * counts; lower ones, and `.new` files of a compaction that was cut off, are rubbish. So a compaction takes
 * effect in one rename, and a process that still has the file before it open harms nobody.
 */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, readdirSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^queue(?:\.([1-9]\d*))?\.mdb$/;
const RUBBISH = /^queue(?:\.[1-9]\d*)?\.mdb(?:\.new)?(?:-lock)?$/;

const nameOf = (generation: number): string => (generation === 0 ? 'queue.mdb' : `queue.${generation}.mdb`);

export const dataFile = (directory: string, generation: number): string => join(directory, nameOf(generation));

/** Of the file that counts; 0 when there is none yet. */
export function currentGeneration(directory: string): number {
  const generations = readdirSync(directory).flatMap((name) => {
    const match = NAME.exec(name);
    return match === null ? [] : [Number(match[1] ?? 0)];
  });
  return Math.max(0, ...generations);
}

/** Where the copy for the next generation is written. */
export const copyFile = (directory: string, generation: number): string => `${dataFile(directory, generation + 1)}.new`;

/** Makes the copy the file that counts. */
export function swapIn(directory: string, generation: number): void {
  const copy = copyFile(directory, generation);
  sync(copy);
  renameSync(copy, dataFile(directory, generation + 1));
  sync(directory);
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Only with the directory locked. */
export function removeRubbish(directory: string, generation: number): void {
  const keep = nameOf(generation);
  for (const name of readdirSync(directory)) {
    if (RUBBISH.test(name) && name !== keep && name !== `${keep}-lock`) rmSync(join(directory, name), { force: true });
  }
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Layout of the first two pages, from lmdb's mdb.c: the fields of MDB_meta behind a page header of 24 bytes. */
const MAGIC = 0xbeefc0de;
const AT = { magic: 24, pageSize: 48, lastPage: 144, end: 160 };

/**
 * lmdb reads its file as memory: a file that was cut off would end the process at the first touch of what is
 * missing. What is missing is filled with zeros instead, which checksums and lmdb's own checks then find. The
 * zeros are appended: should another process be writing the file, nothing of it is touched.
 */
export function fillCutOff(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'a+');
  try {
    const first = readMeta(file, 0);
    const second = first && readMeta(file, first.pageSize);
    if (first === undefined || second === undefined) return;
    const wanted = (Math.max(first.lastPage, second.lastPage) + 1) * first.pageSize;
    const zeros = Buffer.alloc(64 * 1024);
    for (let missing = wanted - fstatSync(file).size; missing > 0; ) {
      missing -= writeSync(file, zeros, 0, Math.min(missing, zeros.length));
    }
  } finally {
    closeSync(file);
  }
}

function readMeta(file: number, at: number): { pageSize: number; lastPage: number } | undefined {
  const page = Buffer.alloc(AT.end);
  if (readSync(file, page, 0, AT.end, at) < AT.end || page.readUInt32LE(AT.magic) !== MAGIC) return undefined;
  return { pageSize: page.readUInt32LE(AT.pageSize), lastPage: Number(page.readBigUInt64LE(AT.lastPage)) };
}
