/**
 * Whether the state of every trainer has come as far as what it committed. After a crash it lies behind, at the last
 * snapshot: a run that ended then would leave the weights of an earlier row as its last.
 */
import type { RuntimeMetrics } from '../runtime/metrics.ts';

export interface ReplayedWatch {
  /** The same metrics, watched. */
  readonly metrics: RuntimeMetrics;
  /** True once `trainers` tasks are restored and have nothing committed left to work through again. */
  replayed(trainers: number): boolean;
}

export function replayedWatch(metrics: RuntimeMetrics): ReplayedWatch {
  const level = new Map<string, boolean>();
  return {
    metrics: {
      ...metrics,
      worker(role, name, partition) {
        const observer = metrics.worker(role, name, partition);
        if (role !== 'training') return observer;
        const task = `${name}/${partition}`;
        level.set(task, false);
        return {
          ...observer,
          restored: (restoration) => {
            level.set(task, restoration.behind === 0);
            observer.restored(restoration);
          },
          committed: (batch) => {
            if (batch.lag === 0) level.set(task, true);
            observer.committed(batch);
          },
        };
      },
    },
    replayed: (trainers) => level.size === trainers && [...level.values()].every(Boolean),
  };
}
