/** The promises of the queue port, the same cases as for the embedded driver, on both lines of brokers. */
import { openKafkaQueue, type Delivery } from '#queue/kafka';

import { queueContract } from '../../queue/testing/contract.ts';
import { prefixed } from '../../queue/testing/prefixed.ts';
import { describeKafka } from './runner/describe.ts';

const promises = (line: '3.9' | '4', delivery: Delivery): void => {
  describeKafka(`Kafka ${line}`, ({ brokers, fresh }) => {
    const settings = { delivery, sessionTimeoutMs: 6_000, heartbeatIntervalMs: 100, takeoverWaitMs: 1_000, fetchWaitMs: 100 };
    queueContract(`the Kafka driver, ${delivery}`, async () => prefixed(await openKafkaQueue({ brokers: brokers(), ...settings }), fresh()));
  }, line);
};

promises('4', 'transactional');
promises('3.9', 'transactional');
promises('4', 'idempotent');
