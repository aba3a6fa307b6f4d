/** The life of a process: CREATED → STARTING → RUNNING → DRAINING → STOPPED. */
import { asForetickError, fail, type ForetickError } from '#proto';

export type LifecycleState = 'CREATED' | 'STARTING' | 'RUNNING' | 'DRAINING' | 'STOPPED';

/** One part of a process. Started in order, stopped in reverse. */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** Finishes what is in hand and lets go. Safe after a failed start. */
  stop(): Promise<void>;
}

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
  /** The part that is being started: it is stopped only once it has started, or it would go on behind our back. */
  #inFlight: Promise<void> = Promise.resolve();
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
        this.#inFlight = component.start();
        await this.#inFlight;
      } catch (error) {
        await this.stop();
        throw error;
      }
    }
    if (!this.#stopping) this.#enter('RUNNING');
  }

  async #stop(): Promise<void> {
    this.#enter('DRAINING');
    const deadline = performance.now() + this.#options.graceMs;
    const inFlight = this.#inFlight.catch(() => undefined); // Whoever called `start` has the error.
    for (const component of this.#started.reverse()) {
      try {
        await before(deadline, component.name, inFlight.then(() => component.stop()));
      } catch (error) {
        this.#options.onStopError?.(component.name, asForetickError(error));
      }
    }
    this.#enter('STOPPED');
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
