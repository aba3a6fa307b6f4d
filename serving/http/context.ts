/** What routes work with. */
import type { Registry } from 'prom-client';

import type { ForetickError, TopicLayout } from '#proto';
import type { Queue } from '#queue';

import type { ServingMetrics } from '../metrics.ts';
import type { ModelStore } from '../models/store.ts';
import type { ExpectedGroups } from '../lag.ts';
import type { OverviewBuilder } from '../overview.ts';
import type { Collecting, DeadLetterRetry } from '../options.ts';
import type { PredictService } from '../predict/service.ts';
import type { Stages } from '../stages.ts';
import type { StreamSlots } from '../streams.ts';
import type { SubscriptionService } from '../subscribe/service.ts';
import type { Views } from '../views/views.ts';

export interface Liveness {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

export interface HttpContext {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly views: Views;
  readonly models: ModelStore;
  readonly predict: PredictService;
  readonly subscriptions: SubscriptionService;
  readonly slots: StreamSlots;
  readonly overview: OverviewBuilder;
  readonly stages: Stages;
  readonly metrics: ServingMetrics;
  readonly registry: Registry;
  readonly liveness: () => Liveness;
  readonly draining: () => boolean;
  readonly clock: () => number;
  readonly heartbeatMs: number;
  readonly groups: ExpectedGroups;
  readonly retryDeadLetters: DeadLetterRetry | undefined;
  readonly collecting: Collecting | undefined;
  /** An INTERNAL error was answered. */
  readonly onError: (error: ForetickError, where: string) => void;
}
