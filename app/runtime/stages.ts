/** What /v1/stages shows of collectors and workers: rows counted as they commit, lags from committed positions. */
import type { CollectorStatus } from '#collectors';
import { groupNames } from '#processing';
import type { TopicName } from '#proto';
import type { Queue } from '#queue';
import type { StageProvider, StageSample } from '#serving';

import { isReplay, type SourceConfig } from '../config/sources.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { modelSpecs, type Pipeline } from './pipeline.ts';

export interface StageCounts {
  /** The same metrics, counted. */
  readonly metrics: RuntimeMetrics;
  /** Rows committed by all tasks of a worker since the process began. */
  rows(role: 'features' | 'training', name: string): number;
}

export function stageCounts(metrics: RuntimeMetrics): StageCounts {
  const counts = new Map<string, number>();
  return {
    metrics: {
      ...metrics,
      worker(role, name, partition) {
        const observer = metrics.worker(role, name, partition);
        const key = `${role}/${name}`;
        return {
          ...observer,
          committed: (batch) => {
            counts.set(key, (counts.get(key) ?? 0) + batch.rows);
            observer.committed(batch);
          },
        };
      },
    },
    rows: (role, name) => counts.get(`${role}/${name}`) ?? 0,
  };
}

export function stageProvider(pipeline: Pipeline, counts: StageCounts): StageProvider {
  const { layout, config, features } = pipeline;
  const worker = async (role: 'features' | 'training', name: string, group: string, topics: readonly TopicName[]): Promise<StageSample> => {
    const lag = await lagOf(pipeline.queue, group, topics.map((topic) => layout.name(topic)));
    return { name: role === 'features' ? 'feature worker' : `training ${name}`, role, rows: counts.rows(role, name), state: 'running', ...lag };
  };
  return async () => [
    ...pipeline.collectors.map((collector) => collectorSample(collector.status(), timesAreNow(config.sources, collector.status().source))),
    await worker('features', features.id, groupNames.features(layout), ['quotes', 'posts']),
    ...(await Promise.all(modelSpecs(config).map(({ name }) => worker('training', name, groupNames.training(layout, name), ['features'])))),
  ];
}

function timesAreNow(sources: readonly SourceConfig[], name: string): boolean {
  return sources.some((source) => source.name === name && (!isReplay(source) || source.times === 'now'));
}

/** How old the newest published row is; of a recording with its own times that says nothing. */
function collectorSample({ source, state, cursor, ticks, posts }: CollectorStatus, live: boolean): StageSample {
  const lagSeconds = live && cursor && state === 'RUNNING' ? Math.max(0, Date.now() / 1000 - cursor.receiptTimeUs / 1e6) : null;
  return { name: `collector ${source}`, role: 'collector', rows: ticks + posts, lagRecords: null, lagSeconds, state: state.toLowerCase() };
}

/** Positions are in memory; one record is read where there is a lag, for its age. */
async function lagOf(queue: Queue, group: string, topics: readonly string[]): Promise<{ lagRecords: number; lagSeconds: number }> {
  let lagRecords = 0;
  let oldest = Infinity;
  for (const topic of topics) {
    const committed = await queue.committed(group, topic);
    for (const { partition, earliest, end } of await queue.offsets(topic)) {
      const next = Math.max(earliest, committed.get(partition) ?? earliest);
      if (next >= end) continue;
      lagRecords += end - next;
      const first = { topic, partitions: [partition], from: { offsets: new Map([[partition, next]]) }, toEnd: true, maxBytes: 1 };
      for await (const { records } of queue.read(first)) {
        oldest = Math.min(oldest, records[0]?.timestamp ?? Infinity);
        break;
      }
    }
  }
  return { lagRecords, lagSeconds: oldest === Infinity ? 0 : Math.max(0, (Date.now() - oldest) / 1000) };
}
