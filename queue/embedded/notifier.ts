/** Wakes readers of a partition when something was appended to it; no timers, no polling. */
export class Notifier {
  readonly #waiting = new Set<() => void>();

  add(wake: () => void): void {
    this.#waiting.add(wake);
  }

  delete(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  /** How many wait, for tests that look for leaks. */
  get size(): number {
    return this.#waiting.size;
  }

  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** Resolves when one of `notifiers` notifies, `signal` aborts or the time is over; never rejects. */
export function waitForAny(notifiers: readonly Notifier[], signal: AbortSignal, timeoutMs?: number): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      for (const notifier of notifiers) notifier.delete(wake);
      resolve();
    };
    if (timeoutMs !== undefined) timer = setTimeout(wake, timeoutMs);
    signal.addEventListener('abort', wake);
    for (const notifier of notifiers) notifier.add(wake);
  });
}
