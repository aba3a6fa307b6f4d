/** The metrics of workers and collectors, on the registry that /metrics shows. */
import { Counter, Gauge, Histogram, collectDefaultMetrics, type Registry } from 'prom-client';

import type { CollectorMetrics } from '#collectors';
import type { WorkerObserver } from '#processing';
import type { KafkaEvents } from '#queue/kafka';

import { kafkaMetrics } from './kafka-metrics.ts';
import type { ProgressWatch } from './progress.ts';
import { sourceMetrics } from './source-metrics.ts';

const LATENCIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600];
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface RuntimeMetrics {
  worker(role: 'features' | 'training', name: string, partition: number): WorkerObserver;
  collector(source: string): CollectorMetrics;
  taskFailed(role: string): void;
  taskRetried(role: string): void;
  /** What the Kafka driver tells of itself. */
  readonly kafka: KafkaEvents;
}

export function runtimeMetrics(registry: Registry, progress: ProgressWatch): RuntimeMetrics {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const labelNames = ['role', 'name', 'partition'] as const;
  const rows = new Counter({ name: 'foretick_worker_rows_total', help: 'Input rows worked through', labelNames, registers });
  const outputs = new Counter({ name: 'foretick_worker_records_total', help: 'Records written', labelNames, registers });
  const commits = new Histogram({ name: 'foretick_worker_commit_seconds', help: 'From records taken to their results durable', labelNames, buckets: SECONDS, registers });
  const commitCalls = new Histogram({ name: 'foretick_worker_commit_call_seconds', help: 'Of these, the commit itself', labelNames, buckets: SECONDS, registers });
  const repeats = new Counter({ name: 'foretick_worker_repeated_rows_total', help: 'Input rows that had come before, and were dropped', labelNames, registers });
  const latency = new Histogram({ name: 'foretick_stage_latency_seconds', help: 'Age of the oldest new row of a commit when it is durable, since the queue took the record it came in (ingest_to_feature, feature_to_prediction) or its tick (end_to_end)', labelNames: ['stage', 'name'], buckets: LATENCIES, registers });
  const checkpoints = new Histogram({ name: 'foretick_worker_checkpoint_seconds', help: 'Writing a checkpoint', labelNames, buckets: SECONDS, registers });
  const restorations = new Histogram({ name: 'foretick_worker_restore_seconds', help: 'Restoring state on assignment', labelNames, buckets: SECONDS, registers });
  const restoredRows = new Counter({ name: 'foretick_worker_restored_rows_total', help: 'Rows of state put back on assignment: instruments, or open predictions', labelNames, registers });
  const lag = new Gauge({ name: 'foretick_worker_lag_records', help: 'Records between the committed position and the end of the inputs', labelNames, registers });
  const deadLetters = new Counter({ name: 'foretick_dead_letters_total', help: 'Records and rows put into dead-letters', labelNames: ['role', 'code'], registers });
  const refused = new Counter({ name: 'foretick_snapshots_refused_total', help: 'Snapshots that could not be restored; an older one was', labelNames: ['name', 'code'], registers });
  const tensors = new Gauge({ name: 'foretick_tensors', help: 'Tensors held by models that learn on TensorFlow.js; flat, or there is a leak', registers });
  const failures = new Counter({ name: 'foretick_task_failures_total', help: 'Tasks that ended for good', labelNames: ['role'], registers });
  const retries = new Counter({ name: 'foretick_task_retries_total', help: 'Tasks started again after a retriable error', labelNames: ['role'], registers });
  const ticks = new Counter({ name: 'foretick_collector_ticks_total', help: 'Ticks published', labelNames: ['source'], registers });
  const posts = new Counter({ name: 'foretick_collector_posts_total', help: 'Posts published', labelNames: ['source'], registers });
  const bytes = new Counter({ name: 'foretick_collector_bytes_total', help: 'Bytes of values published', labelNames: ['source'], registers });
  const collectorRetries = new Counter({ name: 'foretick_collector_retries_total', help: 'Sources started again after a retriable error', labelNames: ['source'], registers });
  const watermark = new Gauge({ name: 'foretick_collector_watermark_seconds', help: 'Newest watermark, seconds since the epoch', labelNames: ['source'], registers });

  const live = sourceMetrics(registry);

  return {
    kafka: kafkaMetrics(registry),
    worker(role, name, partition) {
      const labels = { role, name, partition: String(partition) };
      const task = `${role}/${name}/${partition}`;
      const stage = role === 'features' ? 'ingest_to_feature' : 'feature_to_prediction';
      const since = (time: number): number => Math.max(0, Date.now() - time) / 1000;
      return {
        polled: () => {
          progress.busy(task);
        },
        committed: (batch) => {
          progress.idle(task);
          rows.inc(labels, batch.rows);
          outputs.inc(labels, batch.outputs);
          repeats.inc(labels, batch.repeats);
          commits.observe(labels, batch.ms / 1000);
          if (batch.commitMs > 0) commitCalls.observe(labels, batch.commitMs / 1000);
          lag.set(labels, batch.lag);
          if (batch.appended) latency.observe({ stage, name }, since(batch.appended.oldest));
          if (role === 'training' && batch.ingested) latency.observe({ stage: 'end_to_end', name }, since(batch.ingested.oldest));
        },
        deadLetter: (code) => {
          deadLetters.inc({ role, code });
        },
        refused: (error) => {
          refused.inc({ name, code: error.code });
        },
        tensors: (count) => {
          tensors.set(count);
        },
        checkpointed: ({ ms }) => {
          checkpoints.observe(labels, ms / 1000);
        },
        restored: ({ ms, rows: restored }) => {
          restorations.observe(labels, ms / 1000);
          restoredRows.inc(labels, restored);
        },
      };
    },
    collector: (source) => ({
      ticks: (count) => {
        ticks.inc({ source }, count);
      },
      posts: (count) => {
        posts.inc({ source }, count);
      },
      bytes: (count) => {
        bytes.inc({ source }, count);
      },
      rejected: (code, count) => {
        deadLetters.inc({ role: 'collector', code }, count);
      },
      watermark: (time) => {
        watermark.set({ source }, time / 1e6);
      },
      retry: () => {
        collectorRetries.inc({ source });
      },
      event: (event) => {
        live(source, event);
      },
    }),
    taskFailed: (role) => {
      failures.inc({ role });
    },
    taskRetried: (role) => {
      retries.inc({ role });
    },
  };
}
