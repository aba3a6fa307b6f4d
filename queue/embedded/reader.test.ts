import { afterAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { openEmbeddedQueue, openEmbeddedReader } from '#queue/embedded';
import { temporaryDirectory } from '../testing/temporary.ts';

const root = temporaryDirectory();
afterAll(root.remove);

async function filled(name: string): Promise<string> {
  const directory = `${root.path}/${name}`;
  const queue = await openEmbeddedQueue({ directory });
  await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 1 }, { name: 'c', partitions: 1, cleanup: 'compact' }]);
  const producer = await queue.producer();
  await producer.send([{ topic: 't', value: 'old', timestamp: 1 }, { topic: 't', value: 'older', timestamp: 0 }, { topic: 'c', key: 'k', value: 'v' }]);
  await queue.close();
  return directory;
}

async function valuesIn(directory: string, topic: string): Promise<string[]> {
  const reader = await openEmbeddedReader(directory);
  const values: string[] = [];
  for await (const { records } of reader.read({ topic, from: 'earliest', toEnd: true })) {
    for (const { value } of records) values.push(Buffer.from(value!).toString());
  }
  await reader.close();
  return values;
}

test('reads everything, expired records too, and leaves the data file and the lock as they are', async () => {
  const directory = await filled('whole');
  const digest = (): string => createHash('sha256').update(readFileSync(`${directory}/queue.mdb`)).digest('hex');
  const [before, files] = [digest(), readdirSync(directory)];
  expect(await valuesIn(directory, 't')).toEqual(['old', 'older']);
  expect(await valuesIn(directory, 'c')).toEqual(['v']);
  expect([digest(), readdirSync(directory)]).toEqual([before, files]);
});

test('beside the process that holds it: sees what was committed at opening, and the writer goes on', async () => {
  const directory = await filled('held');
  const queue = await openEmbeddedQueue({ directory, cleanUpIntervalMs: Infinity });
  const producer = await queue.producer();
  await producer.send([{ topic: 't', value: 'new' }]);
  expect(await valuesIn(directory, 't')).toEqual(['old', 'older', 'new']);
  await producer.send([{ topic: 't', value: 'newer' }]);
  expect(await queue.offsets('t')).toEqual([{ partition: 0, earliest: 0, end: 4 }]);
  await queue.close();
});

test('nothing there is FILE_UNREADABLE, a file cut off is DATA_CORRUPT and is not mended', async () => {
  await expect(openEmbeddedReader(`${root.path}/none`)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  mkdirSync(`${root.path}/odd`);
  writeFileSync(`${root.path}/odd/queue.mdb`, 'x'.repeat(10_000));
  await expect(openEmbeddedReader(`${root.path}/odd`)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  const directory = await filled('cut');
  truncateSync(`${directory}/queue.mdb`, 9000);
  await expect(openEmbeddedReader(directory)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  expect(readFileSync(`${directory}/queue.mdb`)).toHaveLength(9000);
});
