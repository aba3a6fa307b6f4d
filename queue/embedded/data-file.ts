/**
 * The file of the store: `queue.mdb`, and after the n-th compaction `queue.<n>.mdb`. The highest number
 * counts; lower ones, and `.new` files of a compaction that was cut off, are rubbish. So a compaction takes
 * effect in one rename, and a process that still has the file before it open harms nobody.
 */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, readdirSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '#proto';

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

/** FILE_UNREADABLE when there is no queue. */
export function assertQueue(directory: string): void {
  if (existsSync(directory) && existsSync(dataFile(directory, currentGeneration(directory)))) return;
  throw fail('FILE_UNREADABLE', `There is no queue in ${directory}.`, { details: { directory } });
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
const LMDB_VERSION = 2;
const AT = { magic: 24, version: 28, pageSize: 48, lastPage: 144, end: 160 };
const PAGE_SIZES: ReadonlySet<number> = new Set([512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]);

/**
 * To be called before lmdb opens a file: it reads the file as memory, so that one that is no store, or was cut
 * off, would end the process. DATA_CORRUPT for the first; in the second, what is missing is filled with zeros,
 * which checksums and lmdb's own checks then find. The zeros are appended: should another process be writing
 * the file, nothing of it is touched. An empty file is a new one. With `readOnly` a file that was cut off is DATA_CORRUPT.
 */
export function checkDataFile(path: string, { readOnly = false } = {}): void {
  if (!existsSync(path)) return;
  const file = openSync(path, readOnly ? 'r' : 'a+');
  try {
    if (fstatSync(file).size === 0) return;
    const first = readMeta(file, path, 0);
    const second = readMeta(file, path, first.pageSize);
    const wanted = (Math.max(first.lastPage, second.lastPage) + 1) * first.pageSize;
    if (readOnly && fstatSync(file).size < wanted) throw fail('DATA_CORRUPT', `${path} was cut off.`);
    const zeros = Buffer.alloc(64 * 1024);
    for (let missing = wanted - fstatSync(file).size; missing > 0; ) {
      missing -= writeSync(file, zeros, 0, Math.min(missing, zeros.length));
    }
  } finally {
    closeSync(file);
  }
}

function readMeta(file: number, path: string, at: number): { pageSize: number; lastPage: number } {
  const page = Buffer.alloc(AT.end);
  const read = readSync(file, page, 0, AT.end, at);
  const pageSize = page.readUInt32LE(AT.pageSize);
  if (read < AT.end || page.readUInt32LE(AT.magic) !== MAGIC || !PAGE_SIZES.has(pageSize)) {
    throw fail('DATA_CORRUPT', `${path} does not begin as the file of a queue does: it was cut off or overwritten.`);
  }
  const version = page.readUInt32LE(AT.version) & 0xffff;
  if (version !== LMDB_VERSION) throw fail('UNSUPPORTED_SCHEMA', `${path} is of lmdb's format ${version}; this version reads ${LMDB_VERSION}.`);
  return { pageSize, lastPage: Number(page.readBigUInt64LE(AT.lastPage)) };
}
