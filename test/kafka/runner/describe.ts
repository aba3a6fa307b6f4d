/** Tests that need a broker: a given one (`KAFKA_BROKERS`), or one started for the file where Java and Maven are. */
import { afterAll, beforeAll, describe, test } from '@jest/globals';

import { startCluster, type KafkaCluster } from './cluster.ts';
import { whyNoBroker, type KafkaLine } from './libraries.ts';

export interface BrokerUnderTest {
  /** Of the running tests. */
  readonly brokers: () => readonly string[];
  /** A prefix for the names of topics and groups that no other test has. */
  readonly fresh: () => string;
}

const START_MS = 300_000;
let names = 0;

/** @param line which brokers are started, when none are given. @default KAFKA_VERSION, else '4' */
export function describeKafka(name: string, body: (kafka: BrokerUnderTest) => void, line?: KafkaLine): void {
  const given = process.env['KAFKA_BROKERS'];
  const fresh = (): string => `t${process.pid.toString(36)}-${Date.now().toString(36)}-${names++}.`;
  if (given !== undefined && given !== '') {
    describe(name, () => { body({ brokers: () => given.split(','), fresh }); });
    return;
  }
  describeCluster(name, (cluster) => { body({ brokers: () => cluster().bootstrap, fresh }); }, { line: line ?? wantedLine() });
}

/** The same for tests that kill and start brokers themselves: always brokers of their own. */
export function describeCluster(name: string, body: (cluster: () => KafkaCluster) => void, options: Parameters<typeof startCluster>[0] = {}): void {
  const reason = whyNoBroker();
  if (reason !== null) {
    const required = process.env['KAFKA_TESTS'] === 'required';
    const skipped = `Kafka tests: ${reason}, and KAFKA_BROKERS names no brokers`;
    describe(name, () => {
      if (required) test('a broker is required', () => { throw new Error(skipped); });
      else test.skip(skipped, () => undefined);
    });
    return;
  }
  describe(name, () => {
    let cluster: KafkaCluster | undefined;
    beforeAll(async () => {
      cluster = await startCluster({ line: wantedLine(), ...options });
    }, START_MS);
    afterAll(async () => {
      await cluster?.stop();
    }, START_MS);
    body(() => {
      if (!cluster) throw new Error('the brokers are not started yet');
      return cluster;
    });
  });
}

function wantedLine(): KafkaLine {
  return process.env['KAFKA_VERSION'] === '3.9' ? '3.9' : '4';
}
