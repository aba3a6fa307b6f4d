/** Kafka's own performance tools on the same work: the Java client, as its makers measure it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { librariesOf } from '../../test/kafka/runner/libraries.ts';
import type { RecordWork } from './clients.ts';

const PRODUCE = 'org.apache.kafka.tools.ProducerPerformance';
const CONSUME = 'org.apache.kafka.tools.ConsumerPerformance';
const TIMEOUT_MS = 120_000;

async function tool(name: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('java', ['-Xmx512m', '-cp', `${librariesOf('tools')}/*`, name, ...args], { timeout: TIMEOUT_MS, maxBuffer: 1 << 24 });
  return stdout;
}

/** Records a second, as the tool says at its end. Its own start is no part of it. */
export async function produceByJava({ brokers, topic, count, bytes }: RecordWork): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'foretick-bench-'));
  const payload = join(directory, 'payload');
  writeFileSync(payload, `${'x'.repeat(bytes)}\n`);
  try {
    const config = [`bootstrap.servers=${brokers.join()}`, 'acks=all', 'enable.idempotence=true', 'linger.ms=5', 'batch.size=262144'];
    const text = await tool(PRODUCE, ['--topic', topic, '--num-records', String(count), '--payload-file', payload, '--throughput', '-1', '--producer-props', ...config]);
    return Number(/, ([\d.]+) records\/sec[^\n]*99\.9th/.exec(text)?.[1]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Records a second of its fetching: joining its group is no part of it. */
export async function consumeByJava({ brokers, topic, count }: RecordWork): Promise<number> {
  const text = await tool(CONSUME, ['--bootstrap-server', brokers.join(), '--topic', topic, '--messages', String(count), '--timeout', '30000', '--hide-header']);
  return Number(text.trim().split('\n').at(-1)?.split(',').at(-1));
}
