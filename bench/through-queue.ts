/** The same work as the pure core, by the real workers over the embedded queue: Arrow in, Arrow out, fsync at each commit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { silentObserver, startFeatureWorker, startTrainingWorker, type WorkerObserver } from '#processing';
import { CONTENT_JSON, SCHEMA, headersOf, topicLayout, watermarkJson, type TopicLayout } from '#proto';
import type { Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

import { TICK_HEADERS, type TickRecords } from './ticks.ts';
import { startUsage, type Usage } from './usage.ts';
import { TRAINING_DEFAULTS, type Workload } from './workload.ts';

/** Later than every tick: a silent log of posts holds nothing back. */
const END_OF_TIME = 4e15;

export async function throughQueue(records: TickRecords, { set, spec, target }: Workload): Promise<Usage> {
  const directory = mkdtempSync(join(tmpdir(), 'foretick-bench-'));
  const queue = await openEmbeddedQueue({ directory });
  try {
    const layout = topicLayout({ prefix: 'bench', inputs: 1, shards: 1 });
    await queue.ensureTopics(layout.specs());
    await fill(queue, layout, records);
    const usage = startUsage();
    let fail: (error: unknown) => void = () => undefined;
    let done: () => void = () => undefined;
    const caughtUp = new Promise<void>((resolve, reject) => {
      done = resolve;
      fail = reject;
    });
    const members = [
      await startFeatureWorker({ queue, layout, set, observer: () => silentObserver, onFailure: fail }),
      await startTrainingWorker({
        queue,
        layout,
        spec,
        featureSet: set.id,
        featureNames: set.names,
        target,
        ...TRAINING_DEFAULTS,
        format: 'arrow',
        observer: () => countRows(records.ticks, done),
        onFailure: fail,
      }),
    ];
    await caughtUp;
    const used = usage();
    for (const member of members) await member.leave();
    return used;
  } finally {
    await queue.close();
    rmSync(directory, { recursive: true });
  }
}

async function fill(queue: Queue, layout: TopicLayout, { values }: TickRecords): Promise<void> {
  const producer = await queue.producer();
  const topic = layout.name('quotes');
  for (let at = 0; at < values.length; at += 8) {
    await producer.send(values.slice(at, at + 8).map((value) => ({ topic, partition: 0, value, headers: TICK_HEADERS })));
  }
  const value = watermarkJson('bench', END_OF_TIME);
  await producer.send([{ topic: layout.name('posts'), partition: 0, value, headers: headersOf(CONTENT_JSON, SCHEMA.post) }]);
  await producer.close();
}

/** Calls `done` when the trainer has committed as many rows as there are ticks. */
function countRows(ticks: number, done: () => void): WorkerObserver {
  let rows = 0;
  return {
    ...silentObserver,
    committed: (batch) => {
      rows += batch.rows;
      if (rows >= ticks) done();
    },
  };
}
