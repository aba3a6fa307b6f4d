/** How long tasks stand still when a worker is killed, and when one joins: three feature workers in processes of their own, under steady load. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { CONTENT_JSON, SCHEMA, TickKind, decodeFeatures, encodeTickJson, headersOf, partitionOf, ticksOf, topicLayout, watermarkJson, type TopicLayout } from '#proto';
import type { OutputRecord, Queue } from '#queue';
import { openKafkaQueue } from '#queue/kafka';

import type { Section } from '../report.ts';
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

  look(): number[] {
    const silences = [...this.#longest.values()];
    this.#longest = new Map();
    return silences;
  }
}

async function worker(brokers: readonly string[], name: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'workers.js'), [JSON.stringify({ brokers, name, partitions: PARTITIONS }), 'features']);
  await once(child, 'message');
  return child;
}

interface Stood {
  readonly steady: number;
  readonly killed: number;
  readonly killedMoved: number;
  readonly joined: number;
}

async function oneRun(brokers: readonly string[], name: string): Promise<Stood> {
  const queue = await openKafkaQueue({ brokers });
  const layout = topicLayout({ prefix: name, inputs: PARTITIONS, shards: 1 });
  await queue.ensureTopics(layout.specs());
  const stop = new AbortController();
  const silences = new Silences();
  const workers = [];
  for (let i = 0; i < WORKERS; i++) workers.push(await worker(brokers, name));
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
    workers.push(await worker(brokers, name));
    const joined = await stood(JOINED_MS);
    const own = Math.floor(PARTITIONS / WORKERS);
    return { steady: steady.at(-1)!, killed: killed[PARTITIONS - own - 1]!, killedMoved: killed.at(-1)!, joined: joined.at(-1)! };
  } finally {
    stop.abort();
    await Promise.all([loading, reading]);
    for (const each of workers) each.kill('SIGKILL');
    await queue.close();
  }
}

export async function progressSection({ brokers, quick, repetitions, fresh }: KafkaBench): Promise<Section> {
  const runs: Stood[] = [];
  for (let i = 0; i < (quick ? 1 : repetitions); i++) runs.push(await oneRun(brokers, fresh()));
  const of = (which: keyof Stood): number[] => runs.map((run) => run[which]);
  return {
    name: 'progress',
    title: `Without progress: ${WORKERS} feature workers, ${PARTITIONS} tasks, 50 ticks/s each; the longest silence of any task (session_timeout 6 s)`,
    rows: [
      { name: 'nothing happens', unit: 'ms', values: of('steady') },
      { name: 'a worker is killed: tasks that stay', unit: 'ms', values: of('killed') },
      { name: 'a worker is killed: its tasks', unit: 'ms', values: of('killedMoved') },
      { name: 'a worker joins: any task', unit: 'ms', values: of('joined') },
    ],
  };
}
