import { openKafkaQueue } from '#queue/kafka';

import { operations } from '../support/operations.ts';
import { describeKafka } from './runner/describe.ts';

describeKafka('Kafka', ({ brokers, fresh }) => {
  operations('Kafka', async () => {
    const queue = await openKafkaQueue({ brokers: brokers(), sessionTimeoutMs: 6_000, takeoverWaitMs: 1_000, fetchWaitMs: 100 });
    return { queue, prefix: fresh(), close: () => queue.close() };
  });
});
