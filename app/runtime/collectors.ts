/** One source as a part of the process: its collector, and what it tells in the log. */
import type { Collector, ReplayProgress, SourceEnvironment, SourceEvent, SourceKind } from '#collectors';
import type { ForetickError } from '#proto';
import type { Logger } from 'pino';

import type { Config } from '../config/schema.ts';
import type { SourceConfig } from '../config/sources.ts';
import type { Component } from './lifecycle.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Pipeline } from './pipeline.ts';
import { collectorOf } from './sources.ts';

export interface CollectorComponentOptions {
  readonly source: SourceConfig;
  readonly config: Config;
  /** Kinds that `config` may use, once it has started. */
  readonly kinds: () => readonly SourceKind[];
  readonly environment: SourceEnvironment;
  /** Gives queue and layout, once it has started, and keeps the collector. */
  readonly pipeline: Pick<Pipeline, 'queue' | 'layout' | 'collectors'>;
  readonly metrics: RuntimeMetrics;
  readonly logger: Logger;
  readonly onFailure: (error: ForetickError) => void;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

export function collectorComponent(options: CollectorComponentOptions): Component {
  const { source, config, kinds, environment, pipeline, metrics, logger, onFailure, onProgress } = options;
  let collector: Collector | undefined;
  return {
    name: `collector ${source.name}`,
    start: async () => {
      collector = await collectorOf(source, config, kinds(), environment, onProgress, {
        queue: pipeline.queue,
        layout: pipeline.layout,
        metrics: metrics.collector(source.name),
        onRetry: (error, delayMs) => {
          logger.warn({ source: source.name, code: error.code, delayMs }, environment.redact(error.message));
        },
        onEvent: (event) => {
          logEvent(logger, environment, source.name, event);
        },
        onFailure,
      });
      pipeline.collectors.push(collector);
      await collector.start();
    },
    stop: async () => {
      await collector?.stop();
    },
  };
}

function logEvent(logger: Logger, { redact }: SourceEnvironment, source: string, event: SourceEvent): void {
  switch (event.type) {
    case 'connected':
      logger.info({ source, connection: event.connection, attempt: event.attempt }, 'connected');
      break;
    case 'disconnected': {
      const { connection, cause, delayMs } = event;
      logger[cause === 'closed' || cause === 'planned' ? 'info' : 'warn']({ source, connection, cause, delayMs }, redact(event.message));
      break;
    }
    case 'gap-opened':
      logger.info({ source, gap: event.gap }, 'a gap was seen');
      break;
    case 'gap-closed': {
      const { gap } = event;
      if (gap.missed > 0 && gap.recovered >= gap.missed) logger.info({ source, gap }, 'a gap was filled');
      else logger.warn({ source, gap }, 'records were missed');
      break;
    }
    case 'held-back':
    case 'released':
      logger.info({ source }, event.type === 'held-back' ? 'reading is held back: the queue is slow' : 'reading goes on');
      break;
    case 'assigned':
      logger.info({ source, partitions: event.partitions }, event.partitions.length === 0 ? 'stands by' : 'collects');
      break;
    case 'note':
      logger.warn({ source }, redact(event.message));
      break;
    case 'traffic':
    case 'published':
      break;
  }
}
