/** Reads what a run has left in its topics. */
import { readResults } from '#app';
import { BASELINES, type ModelSpec } from '#models';
import type { TopicLayout } from '#proto';
import type { Queue } from '#queue';

import { rowsByInstrument } from '../support/rows.ts';
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
  const rows = await rowsByInstrument(queue, layout);
  return { results, rows };
}
