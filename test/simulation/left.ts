/** Reads what a run has left in its topics. */
import { readResults } from '#app';
import { BASELINES, type ModelSpec } from '#models';
import { decodeFeatures, type TopicLayout } from '#proto';
import type { Queue } from '#queue';

import type { Left } from './differences.ts';
import { SPECS, TARGET } from './question.ts';

const name = (spec: ModelSpec): string => spec.name;

export async function readLeft(queue: Queue, layout: TopicLayout): Promise<Left> {
  const results = await readResults({
    queue,
    layout,
    horizonUs: TARGET.horizonUs,
    classes: TARGET.classes,
    baselines: BASELINES.map(name),
    models: SPECS.map(name),
  });
  const rows = new Map<string, string[]>();
  for await (const { records } of queue.read({ topic: layout.name('features'), from: 'earliest', toEnd: true })) {
    for (const record of records) {
      const { length, instrument, instruments, eventTime, price, warm, values, names } = decodeFeatures(record);
      for (let i = 0; i < length; i++) {
        const line = [eventTime[i], price[i], warm[i], ...values.subarray(i * names.length, (i + 1) * names.length)].join();
        const of = instruments[instrument[i]!]!;
        const own = rows.get(of);
        if (own) own.push(line);
        else rows.set(of, [line]);
      }
    }
  }
  return { results, rows };
}
