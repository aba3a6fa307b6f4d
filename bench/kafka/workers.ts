/** Workers of the benchmark, in a process of their own: say `ready`, stop when told to. */
import { defaultFeatures } from '#features';
import { silentObserver, startFeatureWorker } from '#processing';
import { topicLayout } from '#proto';
import { openKafkaQueue, type Delivery } from '#queue/kafka';

import { startWorkers, type LatencyWork } from './latency.ts';

interface FeatureWork {
  readonly brokers: readonly string[];
  readonly name: string;
  readonly partitions: number;
}

/** A feature worker alone, of several. */
async function startFeatures({ brokers, name, partitions }: FeatureWork): Promise<() => Promise<void>> {
  const queue = await openKafkaQueue({ brokers, sessionTimeoutMs: 6_000 });
  await startFeatureWorker({
    queue,
    layout: topicLayout({ prefix: name, inputs: partitions, shards: 1 }),
    set: defaultFeatures,
    observer: () => silentObserver,
    onFailure: (error) => {
      throw error;
    },
  });
  return () => queue.close();
}

const work: unknown = JSON.parse(process.argv[2] ?? '');
const mode = process.argv[3];
const stop = mode === 'features' ? await startFeatures(work as FeatureWork) : await startWorkers(work as LatencyWork, mode as Delivery);
process.on('message', () => {
  void stop().then(() => { process.disconnect(); });
});
process.send!('ready');
