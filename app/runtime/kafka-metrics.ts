/** Metrics of the Kafka driver. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import type { KafkaEvents } from '#queue/kafka';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function kafkaMetrics(registry: Registry): KafkaEvents {
  const registers = [registry];
  const retries = new Counter({ name: 'foretick_kafka_retries_total', help: 'Requests to brokers that were tried again', registers });
  const connections = new Counter({ name: 'foretick_kafka_connection_errors_total', help: 'Connections that were lost or could not be made', labelNames: ['broker'], registers });
  const rebalances = new Histogram({ name: 'foretick_kafka_rebalance_seconds', help: 'From the beginning of a rebalance to the new assignment', labelNames: ['group'], buckets: SECONDS, registers });
  const assigned = new Gauge({ name: 'foretick_kafka_assigned_partitions', help: 'Partitions that this process holds', labelNames: ['group'], registers });
  const commits = new Histogram({ name: 'foretick_kafka_commit_seconds', help: 'Committing outputs and positions', labelNames: ['group'], buckets: SECONDS, registers });
  const outputs = new Counter({ name: 'foretick_kafka_committed_records_total', help: 'Records committed with positions', labelNames: ['group'], registers });
  return {
    onRetry: () => {
      retries.inc();
    },
    onConnectionError: (broker) => {
      connections.inc({ broker });
    },
    onRebalance: (group, rebalance) => {
      rebalances.observe({ group }, rebalance.ms / 1000);
      assigned.set({ group }, rebalance.assigned);
    },
    onCommit: (group, commit) => {
      commits.observe({ group }, commit.ms / 1000);
      outputs.inc({ group }, commit.outputs);
    },
  };
}
