/** The life of a process: CREATED → STARTING → RUNNING → DRAINING → STOPPED. */
import { asForetickError, fail, type ForetickError } from '#proto';

export type LifecycleState = 'CREATED' | 'STARTING' | 'RUNNING' | 'DRAINING' | 'STOPPED';

/** One part of a process. Started in order, stopped in reverse. */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** Finishes what is in hand and lets go. Safe after a failed start, and in the middle of one that takes long: it is called again if that succeeds after all. */
  stop(): Promise<void>;
}

/** How much of the grace a part may take that is being started, before the parts it waits for are stopped, too. */
const START_SHARE = 0.25;

export interface LifecycleOptions {
  readonly components: readonly Component[];
  /** Draining ends after this many milliseconds, whatever still runs. */
  readonly graceMs: number;
  readonly onState?: (state: LifecycleState) => void;
  /** A part failed to stop, or did not in time. */
  readonly onStopError?: (component: string, error: ForetickError) => void;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #started: Component[] = [];
  #state: LifecycleState = 'CREATED';
  #starting: Promise<void> | null = null;
  /** The part that is being started. */
  #inFlight: { readonly component: Component; readonly started: Promise<void> } | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Rejects with the error of the part that failed, after the parts before it were stopped. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Drains; safe to call at any time and twice. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    this.#enter('STARTING');
    for (const component of this.#options.components) {
      if (this.#stopping) return;
      this.#started.push(component);
      try {
        const started = component.start();
        this.#inFlight = { component, started };
        await started;
      } catch (error) {
        await this.stop();
        throw error;
      }
    }
    if (!this.#stopping) this.#enter('RUNNING');
  }

  async #stop(): Promise<void> {
    this.#enter('DRAINING');
    const { graceMs, onStopError } = this.#options;
    const deadline = performance.now() + graceMs;
    await this.#settled(graceMs * START_SHARE);
    for (const component of this.#started.reverse()) {
      try {
        await before(deadline, component.name, component.stop());
      } catch (error) {
        onStopError?.(component.name, asForetickError(error));
      }
    }
    this.#enter('STOPPED');
  }

  /** Waits for the part that is being started. One that takes too long may wait for what is stopped next; it must not go on behind our back. */
  async #settled(ms: number): Promise<void> {
    if (!this.#inFlight) return;
    const { component, started } = this.#inFlight;
    try {
      await before(performance.now() + ms, component.name, started);
    } catch {
      // Whoever called `start` has the error.
      void started.then(() => component.stop()).catch(() => undefined);
    }
  }

  #enter(state: LifecycleState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

async function before(deadline: number, name: string, stopped: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(fail('INTERNAL', `${name} did not stop in time`));
    }, Math.max(100, deadline - performance.now()));
  });
  try {
    await Promise.race([stopped, late]);
  } finally {
    clearTimeout(timer);
  }
}
