import { openKafkaQueue } from '#queue/kafka';
import { queueContract } from '../../queue/testing/contract.ts';
import { prefixed } from '../../queue/testing/prefixed.ts';

let opened = 0;
const run = Date.now().toString(36);
const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',');
queueContract('the Kafka driver', async () =>
  prefixed(
    await openKafkaQueue({ brokers, sessionTimeoutMs: 6_000, heartbeatIntervalMs: 100, takeoverWaitMs: 1_000, fetchWaitMs: 100 }),
    `contract-${run}-${opened++}.`,
  ),
);
