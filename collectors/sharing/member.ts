/** What both ways of sharing a source have in common: the group, the state, the way out. */
import { setTimeout as sleep } from 'node:timers/promises';

import { asForetickError, type ForetickError, type TopicLayout } from '#proto';
import type { Membership, TaskContext } from '#queue';

import type { Collector, CollectorOptions, CollectorStatus } from '../supervisor.ts';

export interface SharingOptions extends Omit<CollectorOptions, 'producer' | 'holds' | 'atomicSends' | 'source'> {
  readonly source: string;
}

export function tellAssigned({ onEvent, metrics }: SharingOptions, partitions: readonly number[]): void {
  const event = { type: 'assigned', partitions } as const;
  metrics?.event?.(event);
  onEvent?.(event);
}

/** The processes that have a source in common. No offsets are kept: who is in it is all it is for. */
export function collectorGroup({ prefix }: Pick<TopicLayout, 'prefix'>, source: string): string {
  return `${prefix}.collect.${source}`;
}

/** A member that leaves in order has so long to hand over what it has. */
const HAND_OVER_MS = 3000;

export interface MemberParts {
  readonly options: SharingOptions;
  /** Runs a task; rejects with what ended it. */
  readonly run: (context: TaskContext) => Promise<void>;
  /** Called once, before the group is joined. @default nothing */
  readonly begun?: () => Promise<void>;
  /** Of the collector that runs, if one does. */
  readonly status: () => CollectorStatus | null;
  /** Called when the member has left, or did not manage to in time. */
  readonly stop: () => Promise<void>;
}

export function memberCollector({ options, run, begun, status, stop }: MemberParts): Collector {
  const { queue, layout, source, onRetry, onFailure } = options;
  let membership: Membership | null = null;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;
  let ended: 'STOPPED' | 'FAILED' | null = null;
  let error: ForetickError | null = null;
  let settle: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (settle = resolve));

  function end(state: 'STOPPED' | 'FAILED'): void {
    ended ??= state;
    settle();
  }

  function failed(thrown: unknown): void {
    error = asForetickError(thrown);
    void stop().then(() => {
      end('FAILED');
      onFailure?.(error!);
    });
  }

  async function begin(): Promise<void> {
    try {
      await begun?.();
      membership = await queue.join({
        group: collectorGroup(layout, source),
        topics: [layout.name('subscriptions')],
        createTask: () => ({ run }),
        onRetry: (thrown, _partition, delayMs) => {
          const passing = asForetickError(thrown);
          // Another process has it now: nothing is wrong.
          if (passing.code !== 'FENCED') onRetry?.(passing, delayMs);
        },
        onFailure: failed,
      });
    } catch (thrown) {
      error = asForetickError(thrown);
      end('FAILED');
      throw thrown;
    }
  }

  async function leave(): Promise<void> {
    await starting?.catch(() => undefined);
    const leaving = membership?.leave() ?? Promise.resolve();
    await Promise.race([leaving, sleep(HAND_OVER_MS, undefined, { ref: false })]);
    await stop();
    await leaving;
    end('STOPPED');
  }

  const idle: CollectorStatus = { source, state: 'STANDBY', cursor: null, ticks: 0, posts: 0, rejected: 0, restarts: 0, error: null, health: null };
  return {
    done,
    start: () => (starting ??= begin()),
    stop: () => (stopping ??= leave()),
    status() {
      const now = status() ?? idle;
      const state = ended ?? (starting === null ? 'CREATED' : stopping === null ? now.state : 'DRAINING');
      return { ...now, state, error: error ?? now.error };
    },
  };
}
