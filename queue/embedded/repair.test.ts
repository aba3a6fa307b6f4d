/** Directories damaged by hand: what the inspection says, what a repair mends, and what it admits to have lost. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import {
  inspectEmbeddedQueue, openEmbeddedQueue, openLmdbStore, repairEmbeddedQueue, type FindingKind, type Writer,
} from '#queue/embedded';
import { aborted, deferred, joinWith, readAll, send, text, valuesOf } from '../testing/harness.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { blockKey, encodeNumbers, newestKey, partitionKey, positionKey } from './keys.ts';

const root = temporaryDirectory();
afterAll(root.remove);
let made = 0;

/** Topic 0 has five blocks of two records, topic 1 a table of two keys; a group stands at 4. */
async function filled(): Promise<string> {
  const directory = `${root.path}/${made++}`;
  const queue = await openEmbeddedQueue({ directory });
  await queue.ensureTopics([
    { name: 'log', partitions: 1, cleanup: 'delete' },
    { name: 'table', partitions: 1, cleanup: 'compact' },
  ]);
  for (let i = 0; i < 10; i += 2) {
    await send(queue, [i, i + 1].map((n) => ({ topic: 'log', value: `${n}`, timestamp: 100 + n })));
  }
  await send(queue, ['a', 'b', 'a'].map((key, i) => ({ topic: 'table', key, value: `${i}` })));
  const committed = deferred();
  const { options } = joinWith({ group: 'g', topics: ['log'] }, async (context) => {
    await context.commit({ offsets: new Map([['log', 4]]) });
    committed.resolve();
    await aborted(context.signal);
  });
  await queue.join(options);
  await committed.promise;
  await queue.close();
  return directory;
}

async function damage(directory: string, work: (writer: Writer) => void): Promise<void> {
  const store = openLmdbStore(directory);
  store.transaction(work);
  await store.close();
}

const flip = (writer: Writer, key: Uint8Array): void => {
  const block = Buffer.from(writer.get(key)!);
  block[block.length - 1]! ^= 1;
  writer.put(key, block);
};
const kinds = async (directory: string): Promise<FindingKind[]> =>
  (await inspectEmbeddedQueue(directory)).findings.map(({ kind }) => kind);
const logOf = async (directory: string) => {
  const queue = await openEmbeddedQueue({ directory });
  const values = valuesOf(await readAll(queue, { topic: 'log' }));
  const table = (await readAll(queue, { topic: 'table' })).map(({ key, value }) => [text(key), text(value)]);
  const [next] = await send(queue, [{ topic: 'log', value: 'next', timestamp: 200 }]);
  const after = async (time: number) => (await readAll(queue, { topic: 'log', from: { time } }))[0]?.offset;
  const byTime = [await after(103), await after(107), await after(200)];
  const committed = (await queue.committed('g', 'log')).get(0);
  await queue.close();
  return { values, table, next, byTime, committed };
};
const upTo = (n: number): string[] => Array.from({ length: n }, (_, i) => `${i}`);

test('a sound directory has no findings, and a repair changes nothing', async () => {
  const directory = await filled();
  expect(await inspectEmbeddedQueue(directory)).toMatchObject({
    lock: { state: 'free' },
    findings: [],
    topics: [
      { name: 'log', cleanup: 'delete', partitions: [{ partition: 0, earliest: 0, end: 10, blocks: 5, records: 10 }] },
      { name: 'table', cleanup: 'compact', partitions: [{ partition: 0, earliest: 0, end: 3, blocks: 2, records: 2 }] },
    ],
  });
  const { before, after, lost, givenBack } = await repairEmbeddedQueue(directory);
  expect([before.findings, lost, givenBack]).toEqual([[], [], 0]);
  expect(after).toEqual(before);
  expect(await logOf(directory)).toMatchObject({ values: upTo(10), next: 10, byTime: [3, 7, 10], committed: 4 });
});

test.each([
  ['in the middle', 4, ['0', '1', '2', '3', '6', '7', '8', '9'], [3, 7, 10]],
  ['at the head', 0, upTo(10).slice(2), [3, 7, 10]],
  ['at the tail', 8, upTo(8), [3, 7, 10]],
])('a corrupt block %s is given up, loudly: its bytes are kept, and its offsets are never given again', async (_, at, values, byTime) => {
  const directory = await filled();
  await damage(directory, (writer) => { flip(writer, blockKey(0, 0, at)); });
  expect((await inspectEmbeddedQueue(directory)).findings).toMatchObject([{ kind: 'corrupt-block', severity: 'error', topic: 'log', partition: 0, from: at, until: at + 2 }]);
  const queue = await openEmbeddedQueue({ directory });
  await expect(readAll(queue, { topic: 'log' })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  await queue.close();
  const { lost, after } = await repairEmbeddedQueue(directory);
  expect(lost).toEqual([{ topic: 'log', partition: 0, from: at, until: at + 2, file: `${directory}/lost/log-0-${at}.block` }]);
  expect(readFileSync(lost[0]!.file!).length).toBeGreaterThan(48);
  expect(after.findings).toMatchObject([{ kind: 'lost-records', severity: 'warning', from: at, until: at + 2 }]);
  expect(await logOf(directory)).toMatchObject({ values, next: 10, byTime });
  expect((await repairEmbeddedQueue(directory)).lost).toEqual([]);
});

test('a task and a reader go on behind what was given up', async () => {
  const directory = await filled();
  await damage(directory, (writer) => { flip(writer, blockKey(0, 0, 4)); });
  await repairEmbeddedQueue(directory);
  const queue = await openEmbeddedQueue({ directory });
  const polled = deferred<(string | null)[]>();
  const { options } = joinWith({ group: 'g', topics: ['log'] }, async (context) => {
    const batches = await context.poll({ maxRecords: 1 });
    polled.resolve(batches.flatMap(({ records }) => valuesOf(records)));
    await aborted(context.signal);
  });
  await queue.join({ ...options, onFailure: polled.reject });
  expect(await polled.promise).toEqual(['6']);
  expect(valuesOf(await readAll(queue, { topic: 'log', from: { offsets: new Map([[0, 5]]) }, maxBytes: 1 }))).toEqual(['6', '7', '8', '9']);
  await queue.close();
});

test.each([[0, upTo(10).slice(2)], [4, ['0', '1', '2', '3', '6', '7', '8', '9']], [8, upTo(8)]])('a block that is missing at %d is marked as lost', async (at, values) => {
  const directory = await filled();
  await damage(directory, (writer) => { writer.remove(blockKey(0, 0, at)); });
  expect(await kinds(directory)).toContain('missing-records');
  expect((await repairEmbeddedQueue(directory)).lost).toEqual([{ topic: 'log', partition: 0, from: at, until: at + 2, file: null }]);
  expect(await logOf(directory)).toMatchObject({ values, next: 10 });
});

describe('what can be had back is had back', () => {
  const cases: [FindingKind, (writer: Writer) => void][] = [
    ['wrong-extent', (writer) => { writer.put(partitionKey(0, 0), encodeNumbers(0, 6, 105, 1)); }],
    ['wrong-extent', (writer) => { writer.remove(partitionKey(0, 0)); }],
    ['wrong-extent', (writer) => { writer.put(partitionKey(0, 0), encodeNumbers(NaN, -1, NaN, NaN)); }],
    ['stray-block', (writer) => { writer.put(blockKey(0, 0, 5), writer.get(blockKey(0, 0, 4))!); }],
    ['index-missing', (writer) => { writer.remove(newestKey(1, 0, Buffer.from('a'))); }],
    ['index-missing', (writer) => { writer.put(newestKey(1, 0, Buffer.from('a')), encodeNumbers(1)); }],
    ['index-stale', (writer) => { writer.put(newestKey(1, 0, Buffer.from('none')), encodeNumbers(2)); }],
  ];
  test.each(cases)('%s', async (kind, work) => {
    const directory = await filled();
    await damage(directory, work);
    expect(await kinds(directory)).toContain(kind);
    const { after, lost } = await repairEmbeddedQueue(directory);
    expect(after.findings).toEqual([]);
    expect(lost.length).toBe(kind === 'stray-block' ? 1 : 0);
    expect(await logOf(directory)).toMatchObject({ values: upTo(10), table: [['b', '1'], ['a', '2']], next: 10, committed: 4 });
  });

  test('a record that should have been compacted away, and a group behind the end', async () => {
    const directory = await filled();
    const queue = await openEmbeddedQueue({ directory });
    await send(queue, [{ topic: 'table', key: 'b', value: '3' }]);
    await queue.close();
    await damage(directory, (writer) => {
      writer.put(newestKey(1, 0, Buffer.from('b')), encodeNumbers(2));
      writer.put(positionKey(0, 0, 'g'), encodeNumbers(99));
    });
    expect((await kinds(directory)).sort()).toEqual(['index-missing', 'position-beyond-end']);
    expect((await repairEmbeddedQueue(directory)).after.findings).toEqual([]);
    expect(await logOf(directory)).toMatchObject({ table: [['a', '2'], ['b', '3']], committed: 10 });
  });
});

test('a corrupt record of a table is given up with its index entry', async () => {
  const directory = await filled();
  await damage(directory, (writer) => { flip(writer, blockKey(1, 0, 2)); });
  expect((await kinds(directory)).sort()).toEqual(['corrupt-block', 'index-stale']);
  expect((await repairEmbeddedQueue(directory)).lost).toMatchObject([{ topic: 'table', from: 2, until: 3 }]);
  expect(await kinds(directory)).toEqual([]);
  expect((await logOf(directory)).table).toEqual([['b', '1']]);
});

test('a directory in use is not looked into, and not repaired; one that is none is refused', async () => {
  const directory = await filled();
  const queue = await openEmbeddedQueue({ directory });
  const held = { state: 'held', pid: process.pid };
  expect(await inspectEmbeddedQueue(directory)).toMatchObject({ lock: held, findings: [{ kind: 'in-use' }], topics: [] });
  await expect(repairEmbeddedQueue(directory)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  expect(existsSync(`${directory}/lock`)).toBe(true);
  await queue.close();
  await expect(inspectEmbeddedQueue(`${root.path}/none`)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

describe('the file itself', () => {
  test.each([
    ['garbage from the first byte', (path: string) => { writeFileSync(path, Buffer.alloc(20_000, 'garbage')); }],
    ['cut off in its first page', (path: string) => { truncateSync(path, 1_000); }],
    ['cut off behind its metadata', (path: string) => { truncateSync(path, 8_192); }],
  ])('%s: a coded error and a finding, no crash, and no empty log in its place', async (_, work) => {
    const directory = await filled();
    work(`${directory}/queue.mdb`);
    await expect(openEmbeddedQueue({ directory })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    expect(await kinds(directory)).toEqual(['damaged-file']);
    expect(existsSync(`${directory}/lock`)).toBe(false);
  });

  test('octets of a stored block that changed on disk are DATA_CORRUPT when read', async () => {
    const directory = await filled();
    const queue = await openEmbeddedQueue({ directory });
    await send(queue, [{ topic: 'log', value: Buffer.alloc(10_000, 'needle') }]);
    await queue.close();
    const path = `${directory}/queue.mdb`;
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('needleneedle') + 3]! ^= 4;
    writeFileSync(path, bytes);
    const again = await openEmbeddedQueue({ directory });
    await expect(readAll(again, { topic: 'log' })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await again.close();
    expect((await repairEmbeddedQueue(directory)).lost).toMatchObject([{ from: 10, until: 11 }]);
  });

  test('cut off at its end: what is left is read, the rest is DATA_CORRUPT or gone loudly, and nothing crashes', async () => {
    const directory = await filled();
    const queue = await openEmbeddedQueue({ directory });
    for (let i = 0; i < 5; i++) await send(queue, [{ topic: 'log', value: Buffer.alloc(200_000, `${i}`) }]);
    await queue.close();
    const path = `${directory}/queue.mdb`;
    truncateSync(path, statSync(path).size - 300_000);
    const again = await openEmbeddedQueue({ directory }).catch((error: unknown) => error);
    if (again instanceof Error) {
      expect(again).toMatchObject({ code: 'DATA_CORRUPT' });
      return;
    }
    const reopened = again as Awaited<ReturnType<typeof openEmbeddedQueue>>;
    await expect(readAll(reopened, { topic: 'log' })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await reopened.close();
  });

  test('free space is a note, and a repair gives it back', async () => {
    const directory = await filled();
    const queue = await openEmbeddedQueue({ directory });
    await queue.ensureTopics([{ name: 'big', partitions: 1, cleanup: 'delete', retentionMs: 1 }]);
    for (let i = 0; i < 8; i++) await send(queue, [{ topic: 'big', value: Buffer.alloc(1_000_000), timestamp: 1 }]);
    await queue.enforceRetention();
    await queue.close();
    expect(await kinds(directory)).toEqual(['wasted-space']);
    const { givenBack, after } = await repairEmbeddedQueue(directory);
    expect(givenBack).toBeGreaterThan(7_000_000);
    expect(after.findings).toEqual([]);
    expect(await logOf(directory)).toMatchObject({ values: upTo(10), next: 10 });
  });
});
