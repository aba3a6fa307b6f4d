/** What a source is to collect: fixed by its configuration, or moving with `subscriptions`. */

export interface InstrumentSet {
  /** As in their ids, without the venue: `BTC-USD`. */
  current(): readonly string[];
  /** Resolves when the set has changed since the last call of `current`, or on abort. */
  changed(signal: AbortSignal): Promise<void>;
  /** Called by the source: this, which `current` gave, is what it collects; of others nothing is published from here on. */
  applied?(symbols: readonly string[]): void;
  /**
   * Up to when whoever collected an instrument before has published, microseconds; 0: nobody did. By instrument id. Left out: as the position of the
   * source says.
   */
  covered?(instrument: string): number;
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
  /** Compared by identity: every `set` makes a list of its own. */
  #applied: readonly string[] | null = null;
  #used = false;
  readonly #settling = new Set<() => void>();
  readonly #waiting = new Set<() => void>();

  constructor(symbols: readonly string[] = []) {
    this.#symbols = [...symbols];
  }

  set(symbols: readonly string[]): void {
    this.#symbols = [...symbols];
    for (const tell of this.#waiting) tell();
    this.#waiting.clear();
  }

  /** What was set last, for whoever sets it. */
  now(): readonly string[] {
    return this.#symbols;
  }

  current(): readonly string[] {
    this.#used = true;
    this.#seen = this.#symbols;
    return this.#symbols;
  }

  applied(symbols: readonly string[]): void {
    this.#applied = symbols;
    this.#settle();
  }

  /** Nobody collects by it any more, until `current` is called again. */
  unused(): void {
    this.#used = false;
    this.#settle();
  }

  /** Resolves when what was set last is what is collected, or nothing is. */
  async settled(): Promise<void> {
    while (this.#used && this.#applied !== this.#symbols) await new Promise<void>((resolve) => this.#settling.add(resolve));
  }

  #settle(): void {
    for (const tell of this.#settling) tell();
    this.#settling.clear();
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
