/**
 * Writes until the disk is full: `node disk-filler.js <directory>`. Prints, as JSON, how many sends were
 * acknowledged, how the one that was not ended, what is read afterwards, and whether room can be made.
 */
import { writeSync } from 'node:fs';
import { asForetickError } from '#proto';
import { openEmbeddedQueue } from '#queue/embedded';

async function main([directory]: readonly string[]): Promise<void> {
  let now = 1_000;
  const queue = await openEmbeddedQueue({ directory: directory!, clock: () => now, cleanUpIntervalMs: Infinity });
  await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 1_000 }]);
  const producer = await queue.producer();
  const failure = async (send: () => Promise<unknown>): Promise<string | null> =>
    send().then(() => null, (error: unknown) => asForetickError(error).code);
  let acknowledged = 0;
  const next = () => producer.send([{ topic: 't', value: Buffer.alloc(300_000, acknowledged) }]).then(() => acknowledged++);
  let code: string | null;
  do code = await failure(next);
  while (code === null);
  const again = await failure(next);
  const sent = acknowledged;
  let read = 0;
  for await (const { records } of queue.read({ topic: 't', from: 'earliest', toEnd: true })) {
    for (const { value } of records) if (value![0] === read) read++;
  }
  now = 9_000;
  const { blocks } = await queue.enforceRetention();
  const afterwards = await failure(next);
  await queue.close();
  writeSync(1, JSON.stringify({ acknowledged: sent, code, again, read, blocks, afterwards }));
}

await main(process.argv.slice(2));
