/** A broker is gone for good, and a fresh one takes over its replicas, as an operator would have it. */
import { Kafka, logLevel } from 'kafkajs';

import { eventually } from '../../support/program.ts';
import type { KafkaCluster } from './cluster.ts';
import type { KafkaNode } from './node.ts';

/** Resolves when the fresh broker holds whatever the other did, and is in sync. */
export async function replaceBroker(cluster: KafkaCluster, broker: KafkaNode): Promise<KafkaNode> {
  const gone = broker.plan.id;
  await cluster.discard(broker);
  const fresh = await cluster.addBroker();
  // Through brokers themselves: what stands before them may be disturbed.
  const kafka = new Kafka({ brokers: cluster.brokers.map(({ plan }) => `127.0.0.1:${plan.port}`), logLevel: logLevel.NOTHING, retry: { retries: 20 } });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata();
    const moved = topics
      .map(({ name, partitions }) => ({
        topic: name,
        partitionAssignment: partitions
          .filter(({ replicas }) => replicas.includes(gone))
          .map(({ partitionId, replicas }) => ({ partition: partitionId, replicas: replicas.map((id) => (id === gone ? fresh.plan.id : id)) })),
      }))
      .filter(({ partitionAssignment }) => partitionAssignment.length > 0);
    if (moved.length > 0) await admin.alterPartitionReassignments({ topics: moved });
    await eventually(
      `broker ${fresh.plan.id} holds what broker ${gone} did`,
      async () => {
        const now = await admin.fetchTopicMetadata();
        const behind = now.topics.some(({ partitions }) => partitions.some(({ replicas, isr }) => replicas.includes(gone) || isr.length < replicas.length));
        return behind ? undefined : true;
      },
      120_000,
    );
  } finally {
    await admin.disconnect();
  }
  return fresh;
}
