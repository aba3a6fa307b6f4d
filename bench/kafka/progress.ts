/** How long tasks stand still when a worker is killed, and when one joins: three feature workers in processes of their own, under steady load. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { CONTENT_JSON, SCHEMA, TickKind, decodeFeatures, encodeTickJson, headersOf, partitionOf, ticksOf, topicLayout, watermarkJson, type TopicLayout } from '#proto';
import type { OutputRecord, Queue } from '#queue';
import { DELIVERIES, openKafkaQueue, type Delivery } from '#queue/kafka';

import type { Row, Section } from '../report.ts';
import { END_OF_TIME, type KafkaBench } from './settings.ts';

const PARTITIONS = 12;
const WORKERS = 3;
const TURN_MS = 20;
const STEADY_MS = 4_000;
/** Beyond the session time-out: tasks have moved, and have been restored. */
const KILLED_MS = 14_000;
const JOINED_MS = 6_000;

const HEADERS = headersOf(CONTENT_JSON, SCHEMA.tick);

/** One instrument of each partition. */
function instruments(): string[] {
  const found = new Map<number, string>();
  for (let i = 0; found.size < PARTITIONS; i++) found.set(partitionOf(`bench:I${i}`, PARTITIONS), `bench:I${i}`);
  return [...found.values()];
}

/** A tick of each instrument every 20 ms until told to stop. */
async function load(queue: Queue, layout: TopicLayout, signal: AbortSignal): Promise<void> {
  const producer = await queue.producer();
  const posts = Array.from({ length: PARTITIONS }, (_, partition): OutputRecord => ({ topic: layout.name('posts'), partition, value: watermarkJson('bench', END_OF_TIME), headers: headersOf(CONTENT_JSON, SCHEMA.post) }));
  await producer.send(posts);
  const names = instruments();
  for (let n = 0; !signal.aborted; n++) {
    const now = Date.now() * 1000;
    const ticks = ticksOf('bench', names.map((instrument) => ({ kind: TickKind.QUOTE, instrument, eventTime: now, receiptTime: now, sequence: n, bid: 100, ask: 100.1, bidSize: 1, askSize: 1 })));
    await producer.send(names.map((key, i) => ({ topic: layout.name('quotes'), key, value: encodeTickJson(ticks, i), headers: HEADERS })));
    await sleep(TURN_MS);
  }
}

/** Longest silence of each task since the last look, ms. */
class Silences {
  readonly #last = new Map<string, number>();
  #longest = new Map<string, number>();

  saw(task: string): void {
    const now = performance.now();
    this.#longest.set(task, Math.max(this.#longest.get(task) ?? 0, now - (this.#last.get(task) ?? now)));
    this.#last.set(task, now);
  }

  /** One that is silent still counts as far as it goes. */
  look(): number[] {
    const now = performance.now();
    const silences = [...this.#last].map(([task, last]) => Math.max(this.#longest.get(task) ?? 0, now - last));
    this.#longest = new Map();
    return silences;
  }
}

async function worker(brokers: readonly string[], name: string, delivery: Delivery): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'workers.js'), [JSON.stringify({ brokers, name, partitions: PARTITIONS, delivery }), 'features']);
  await once(child, 'message');
  return child;
}

interface Stood {
  readonly steady: number;
  readonly killed: number;
  readonly killedMoved: number;
  readonly joined: number;
}

async function oneRun(brokers: readonly string[], name: string, delivery: Delivery): Promise<Stood> {
  const queue = await openKafkaQueue({ brokers });
  const layout = topicLayout({ prefix: name, inputs: PARTITIONS, shards: 1 });
  await queue.ensureTopics(layout.specs());
  const stop = new AbortController();
  const silences = new Silences();
  const workers = [];
  for (let i = 0; i < WORKERS; i++) workers.push(await worker(brokers, name, delivery));
  const loading = load(queue, layout, stop.signal);
  const reading = (async () => {
    for await (const { records } of queue.read({ topic: layout.name('features'), from: 'latest', signal: stop.signal })) {
      for (const record of records) silences.saw(decodeFeatures(record).task);
    }
  })();
  const stood = async (ms: number): Promise<number[]> => {
    await sleep(ms);
    return silences.look().sort((a, b) => a - b);
  };
  try {
    await stood(STEADY_MS);
    const steady = await stood(STEADY_MS);
    workers.shift()!.kill('SIGKILL');
    const killed = await stood(KILLED_MS);
    workers.push(await worker(brokers, name, delivery));
    const joined = await stood(JOINED_MS);
    // Those of the worker that was killed stood still for longest: it had its share.
    const own = PARTITIONS / WORKERS;
    return { steady: steady.at(-1)!, killed: killed[PARTITIONS - own - 1]!, killedMoved: killed.at(-1)!, joined: joined.at(-1)! };
  } finally {
    stop.abort();
    await Promise.all([loading, reading]);
    for (const each of workers) each.kill('SIGKILL');
    await queue.close();
  }
}

export async function progressSection({ brokers, repetitions, fresh }: KafkaBench): Promise<Section> {
  const runs: Record<Delivery, Stood[]> = { transactional: [], idempotent: [] };
  for (let i = 0; i < repetitions; i++) for (const delivery of DELIVERIES) runs[delivery].push(await oneRun(brokers, fresh(), delivery));
  const rows = (delivery: Delivery): Row[] => {
    const row = (name: string, which: keyof Stood): Row => ({ name: `${delivery}: ${name}`, unit: 'ms', values: runs[delivery].map((run) => run[which]) });
    return [row('nothing happens', 'steady'), row('a worker is killed: tasks that stay', 'killed'), row('a worker is killed: its tasks', 'killedMoved'), row('a worker joins: any task', 'joined')];
  };
  return {
    name: 'progress',
    title: `Without progress: ${WORKERS} feature workers, ${PARTITIONS} tasks of one shard, 50 ticks/s each; the longest silence of any task, as a reader of features sees it (session_timeout 6 s)`,
    rows: DELIVERIES.flatMap(rows),
  };
}
