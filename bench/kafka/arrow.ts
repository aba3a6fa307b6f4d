/** Rows in Arrow batches: encoded and produced, consumed and decoded; rows a second of one core. */
import { CONTENT_ARROW, SCHEMA, decodeTicks, encodeTicksArrow, headersOf, TickKind, ticksOf } from '#proto';
import { openKafkaQueue, type Compression } from '#queue/kafka';

import type { Row, Section } from '../report.ts';
import { startUsage, type Usage } from '../usage.ts';
import { createTopic, type KafkaBench } from './settings.ts';

const ROWS = 4096;
const PARTITIONS = 4;
const AIMS = { produce: 1e6, consume: 1.5e6 } as const;
const HEADERS = headersOf(CONTENT_ARROW, SCHEMA.tick);

/** A random walk of quotes, as a source would bring them. */
function quotes(): ReturnType<typeof ticksOf> {
  let price = 100;
  return ticksOf('bench', Array.from({ length: ROWS }, (_, i) => {
    price += ((i * 7919) % 13) / 1000 - 0.006;
    return { kind: TickKind.QUOTE, instrument: `bench:I${i % 16}`, eventTime: 1_750_000_000_000_000 + i * 997, receiptTime: 1_750_000_000_001_000 + i * 997, sequence: i, bid: price, ask: price + 0.01, bidSize: i % 50, askSize: (i * 3) % 50 };
  }));
}

async function produceRows(brokers: readonly string[], topic: string, batches: number, compression: Compression): Promise<Usage> {
  const ticks = quotes();
  const queue = await openKafkaQueue({ brokers, compression });
  const producer = await queue.producer();
  const usage = startUsage();
  await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => {
      for (let i = 0; i < batches / PARTITIONS; i += 4) {
        await producer.send(Array.from({ length: 4 }, () => ({ topic, partition, value: encodeTicksArrow(ticks, null), headers: HEADERS })));
      }
    }),
  );
  const used = usage();
  await queue.close();
  return used;
}

async function consumeRows(brokers: readonly string[], topic: string, rows: number): Promise<Usage> {
  const queue = await openKafkaQueue({ brokers });
  const usage = startUsage();
  let [seen, sum] = [0, 0];
  for await (const { records } of queue.read({ topic, from: 'earliest' })) {
    for (const record of records) {
      const ticks = decodeTicks(record);
      for (let i = 0; i < ticks.length; i++) sum += ticks.bid[i]! + ticks.ask[i]!;
      seen += ticks.length;
    }
    if (seen >= rows) break;
  }
  const used = usage();
  await queue.close();
  if (!Number.isFinite(sum)) throw new Error('prices are not numbers');
  return used;
}

export async function arrowSection({ brokers, quick, repetitions, fresh }: KafkaBench): Promise<Section> {
  const batches = quick ? 64 : 512;
  const rows = batches * ROWS;
  const compressions: readonly Compression[] = ['none', 'lz4'];
  const runs = new Map<string, Usage[]>();
  const add = (name: string, used: Usage): void => { runs.set(name, [...(runs.get(name) ?? []), used]); };
  for (let i = 0; i <= repetitions; i++) {
    for (const compression of compressions) {
      const topic = fresh();
      await createTopic(brokers, topic, PARTITIONS);
      const [produced, consumed] = [await produceRows(brokers, topic, batches, compression), await consumeRows(brokers, topic, rows)];
      if (i === 0 && !quick) continue;
      add(`produce, ${compression}`, produced);
      add(`consume, ${compression}`, consumed);
    }
  }
  const width = encodeTicksArrow(quotes(), null).length / ROWS;
  return {
    name: 'arrow',
    title: `Ticks in Arrow batches of ${ROWS} rows, ${width.toFixed(0)} bytes a row, encoded and decoded: rows a second of CPU`,
    rows: [...runs].map(([name, usages]): Row => {
      const kind = name.startsWith('produce') ? 'produce' : 'consume';
      return { name, unit: 'rows/CPU s', values: usages.map(({ cpu }) => rows / cpu), perSecond: usages.map(({ wall }) => rows / wall), aim: { limit: AIMS[kind], is: 'at least' } };
    }),
  };
}
