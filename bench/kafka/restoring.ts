/** How long a task takes to have its state back, against the instruments it holds. */
import { defaultFeatures } from '#features';
import { silentObserver, startFeatureWorker, type Restoration } from '#processing';
import { CONTENT_ARROW, CONTENT_JSON, SCHEMA, TickKind, encodeTicksArrow, headersOf, ticksOf, topicLayout, watermarkJson, type TopicLayout } from '#proto';
import { openKafkaQueue } from '#queue/kafka';

import type { Row, Section } from '../report.ts';
import { median } from '../stats.ts';
import { END_OF_TIME, type KafkaBench } from './settings.ts';

const BATCH = 4096;
const T0 = 1_750_000_000_000_000;

/** A tick of each instrument, worked on and checkpointed. */
async function fill(brokers: readonly string[], layout: TopicLayout, keys: number): Promise<void> {
  const queue = await openKafkaQueue({ brokers });
  await queue.ensureTopics(layout.specs());
  const producer = await queue.producer();
  for (let from = 0; from < keys; from += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, keys - from) }, (_, i) => ({ kind: TickKind.QUOTE, instrument: `bench:I${from + i}`, eventTime: T0 + from + i, receiptTime: T0 + from + i, sequence: 0, bid: 100, ask: 100.1, bidSize: 1, askSize: 1 }));
    await producer.send([{ topic: layout.name('quotes'), partition: 0, value: encodeTicksArrow(ticksOf('bench', rows), null), headers: headersOf(CONTENT_ARROW, SCHEMA.tick) }]);
  }
  await producer.send([{ topic: layout.name('posts'), partition: 0, value: watermarkJson('bench', END_OF_TIME), headers: headersOf(CONTENT_JSON, SCHEMA.post) }]);
  let rows = 0;
  await new Promise<void>((resolve, reject) => {
    const observer = { ...silentObserver, committed: (batch: { rows: number }) => {
      rows += batch.rows;
      if (rows >= keys) resolve();
    } };
    startFeatureWorker({ queue, layout, set: defaultFeatures, observer: () => observer, onFailure: reject }).catch(reject);
  });
  // Leaving writes the last checkpoint.
  await queue.close();
}

async function restored(brokers: readonly string[], layout: TopicLayout): Promise<Restoration> {
  const queue = await openKafkaQueue({ brokers });
  const restoration = await new Promise<Restoration>((resolve, reject) => {
    startFeatureWorker({ queue, layout, set: defaultFeatures, observer: () => ({ ...silentObserver, restored: resolve }), onFailure: reject }).catch(reject);
  });
  await queue.close();
  return restoration;
}

export async function restoringSection({ brokers, quick, repetitions, fresh }: KafkaBench): Promise<Section> {
  const sizes = quick ? [1_000] : [1_000, 10_000, 100_000];
  const layouts = sizes.map(() => topicLayout({ prefix: fresh(), inputs: 1, shards: 1 }));
  for (const [i, keys] of sizes.entries()) await fill(brokers, layouts[i]!, keys);
  const times: number[][] = sizes.map(() => []);
  for (let i = 0; i < repetitions; i++) {
    for (const [k, layout] of layouts.entries()) {
      const { rows, ms } = await restored(brokers, layout);
      if (rows !== sizes[k]) throw new Error(`${rows} of ${sizes[k]} instruments were restored`);
      times[k]!.push(ms);
    }
  }
  return {
    name: 'restoring',
    title: 'A feature task has its state back, by the instruments it holds',
    rows: sizes.map((keys, k): Row => ({ name: `${keys} instruments`, unit: 'ms', values: times[k]!, ratio: `${((median(times[k]!) / keys) * 1000).toFixed(1)} µs each` })),
  };
}
