/** What exactly-once costs: the same feature worker on the same ticks, with commits every 100 ms, in transactions and without. */
import { defaultFeatures } from '#features';
import { silentObserver, startFeatureWorker } from '#processing';
import { CONTENT_JSON, SCHEMA, headersOf, topicLayout, watermarkJson } from '#proto';
import { DELIVERIES, openKafkaQueue, type Delivery } from '#queue/kafka';

import type { Section } from '../report.ts';
import { median } from '../stats.ts';
import { TICK_HEADERS, loadTicks, prepareTicks, type TickRecords } from '../ticks.ts';
import { startUsage, type Usage } from '../usage.ts';
import { END_OF_TIME, type KafkaBench } from './settings.ts';

const COMMIT_MS = 100;

async function worked(brokers: readonly string[], prefix: string, delivery: Delivery, { values, ticks }: TickRecords): Promise<Usage> {
  const queue = await openKafkaQueue({ brokers, delivery });
  const layout = topicLayout({ prefix, inputs: 1, shards: 1 });
  await queue.ensureTopics(layout.specs());
  const producer = await queue.producer();
  for (let at = 0; at < values.length; at += 8) {
    await producer.send(values.slice(at, at + 8).map((value) => ({ topic: layout.name('quotes'), partition: 0, value, headers: TICK_HEADERS })));
  }
  await producer.send([{ topic: layout.name('posts'), partition: 0, value: watermarkJson('bench', END_OF_TIME), headers: headersOf(CONTENT_JSON, SCHEMA.post) }]);
  let rows = 0;
  let usage: (() => Usage) | undefined;
  const used = new Promise<Usage>((resolve, reject) => {
    void startFeatureWorker({
      queue,
      layout,
      set: defaultFeatures,
      commitIntervalMs: COMMIT_MS,
      observer: () => ({
        ...silentObserver,
        restored: () => { usage = startUsage(); },
        committed: (batch) => {
          rows += batch.rows;
          if (rows >= ticks) resolve(usage!());
        },
      }),
      onFailure: reject,
    }).catch(reject);
  });
  const answer = await used;
  await queue.close();
  return answer;
}

export async function transactionsSection({ brokers, quick, repetitions, fresh }: KafkaBench): Promise<Section> {
  const records = loadTicks(await prepareTicks(quick ? 20_000 : 200_000));
  const runs: Record<Delivery, Usage[]> = { transactional: [], idempotent: [] };
  for (let i = 0; i <= repetitions; i++) {
    for (const delivery of DELIVERIES) {
      const used = await worked(brokers, fresh(), delivery, records);
      if (i > 0 || quick) runs[delivery].push(used);
    }
  }
  const rate = (delivery: Delivery): number[] => runs[delivery].map(({ wall }) => records.ticks / wall);
  const cost = (1 - median(rate('transactional')) / median(rate('idempotent'))) * 100;
  return {
    name: 'transactions',
    title: `A feature worker (${defaultFeatures.id}) on ${records.ticks} ticks, a commit every ${COMMIT_MS} ms: what transactions cost`,
    rows: [
      { name: 'idempotent', unit: 'rows/s', values: rate('idempotent') },
      { name: 'transactional', unit: 'rows/s', values: rate('transactional'), ratio: `${cost.toFixed(1)} % less`, aim: { limit: 15, is: 'at most', value: cost } },
    ],
  };
}
