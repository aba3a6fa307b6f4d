/** Watches loops that have input and make no progress: the reason for /livez to fail. */

export interface ProgressWatch {
  /** The loop has input. */
  busy(task: string): void;
  /** What it had is done. */
  idle(task: string): void;
  /** Loops that have been busy with the same input for too long. */
  stalled(): string[];
}

export function progressWatch(stalledAfterMs: number, now: () => number = () => performance.now()): ProgressWatch {
  const since = new Map<string, number>();
  return {
    busy: (task) => {
      if (!since.has(task)) since.set(task, now());
    },
    idle: (task) => {
      since.delete(task);
    },
    stalled: () => [...since].filter(([, start]) => now() - start > stalledAfterMs).map(([task]) => task),
  };
}
