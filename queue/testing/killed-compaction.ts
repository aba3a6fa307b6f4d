/**
 * A process that is killed while it gives space back: `node killed-compaction.js <directory> fill` writes,
 * takes most of it away and prints what is left; with a step instead of `fill` it opens and dies there.
 */
import { writeSync } from 'node:fs';
import { openEmbeddedQueue, openLmdbStore } from '#queue/embedded';

async function main([directory, step]: readonly string[]): Promise<void> {
  const queue = await openEmbeddedQueue({
    directory: directory!,
    clock: () => 2_000,
    cleanUpIntervalMs: Infinity,
    giveBackBytes: step === 'fill' ? Infinity : 1,
    store: (path) =>
      openLmdbStore(path, {
        onCompaction: (reached) => {
          if (reached === step) process.kill(process.pid, 'SIGKILL');
        },
      }),
  });
  await queue.ensureTopics([{ name: 't', partitions: 1, cleanup: 'delete', retentionMs: 500 }]);
  const producer = await queue.producer();
  const value = Buffer.alloc(500_000, 'x');
  for (let i = 0; i < 10; i++) await producer.send([{ topic: 't', value, timestamp: 1_000 }]);
  await producer.send([{ topic: 't', value: 'kept', timestamp: 2_000 }]);
  await queue.enforceRetention();
  writeSync(1, JSON.stringify(await queue.offsets('t')));
  await queue.close();
}

await main(process.argv.slice(2));
