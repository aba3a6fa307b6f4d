/** What a source is to collect: fixed by its configuration, or moving with `subscriptions`. */

export interface InstrumentSet {
  /** As in their ids, without the venue: `BTC-USD`. */
  current(): readonly string[];
  /** Resolves when the set has changed since the last call of `current`, or on abort. */
  changed(signal: AbortSignal): Promise<void>;
}

export function fixedInstruments(symbols: readonly string[]): InstrumentSet {
  return {
    current: () => symbols,
    changed: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => { resolve(); }, { once: true });
      }),
  };
}

/** One that is changed from outside. */
export class MovingInstruments implements InstrumentSet {
  #symbols: readonly string[];
  #seen: readonly string[] | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(symbols: readonly string[] = []) {
    this.#symbols = [...symbols];
  }

  set(symbols: readonly string[]): void {
    this.#symbols = [...symbols];
    for (const tell of this.#waiting) tell();
    this.#waiting.clear();
  }

  current(): readonly string[] {
    this.#seen = this.#symbols;
    return this.#symbols;
  }

  changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#seen !== this.#symbols) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
