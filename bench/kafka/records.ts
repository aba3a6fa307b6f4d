/** Single records, by our driver, by bare kafkajs and by Kafka's own tools. */
import type { Row, Section } from '../report.ts';
import { median } from '../stats.ts';
import type { Usage } from '../usage.ts';
import { consume, produce, type ClientName, type RecordWork } from './clients.ts';
import { consumeByJava, produceByJava } from './java.ts';
import { createTopic, type KafkaBench } from './settings.ts';

const CLIENTS: readonly ClientName[] = ['ours', 'kafkajs'];
const PARTITIONS = 4;
const BATCH = 1000;

export async function recordsSection({ brokers, quick, repetitions, fresh }: KafkaBench, bytes: number): Promise<Section> {
  const count = Math.ceil((quick ? 20_000 : bytes > 500 ? 100_000 : 400_000) / PARTITIONS / BATCH) * PARTITIONS * BATCH;
  const produced: Record<ClientName, Usage[]> = { ours: [], kafkajs: [] };
  const consumed: Record<ClientName, Usage[]> = { ours: [], kafkajs: [] };
  const java = { produced: [] as number[], consumed: [] as number[] };
  const work = async (): Promise<RecordWork> => {
    const topic = fresh();
    await createTopic(brokers, topic, PARTITIONS);
    return { brokers, topic, partitions: PARTITIONS, count, batch: BATCH, bytes };
  };
  for (let i = 0; i <= repetitions; i++) {
    for (const client of CLIENTS) {
      const own = await work();
      const [sent, read] = [await produce(client, own), await consume(client, own)];
      // The first one compiles.
      if (i === 0 && !quick) continue;
      produced[client].push(sent);
      consumed[client].push(read);
    }
    if (i === 0) continue;
    const own = await work();
    java.produced.push(await produceByJava(own));
    java.consumed.push(await consumeByJava(own));
  }
  const rows = (what: string, runs: Record<ClientName, Usage[]>, ofJava: readonly number[]): Row[] => {
    const rate = (client: ClientName): number[] => runs[client].map(({ wall }) => count / wall);
    const cpu = (client: ClientName): string => `${((median(runs[client].map((run) => run.cpu)) / count) * 1e6).toFixed(2)} µs of CPU a record`;
    const ratio = median(rate('ours')) / median(rate('kafkajs'));
    return [
      { name: `${what}: ours`, unit: 'records/s', values: rate('ours'), ratio: `${ratio.toFixed(2)} × kafkajs`, aim: { limit: 0.8, is: 'at least', value: ratio }, note: cpu('ours') },
      { name: `${what}: kafkajs`, unit: 'records/s', values: rate('kafkajs'), note: cpu('kafkajs') },
      { name: `${what}: Kafka's own tool`, unit: 'records/s', values: ofJava, ratio: `ours ${(median(rate('ours')) / median(ofJava)).toFixed(2)} ×` },
    ];
  };
  return { name: `records-${bytes}`, title: `Records of ${bytes} bytes, ${BATCH} a call, ${PARTITIONS} partitions`, rows: [...rows('produce', produced, java.produced), ...rows('consume', consumed, java.consumed)] };
}
