/** A clock that stands still until it is moved: frames are played faster than they came. */
import type { Clock } from '#collectors';

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

export class TapeClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  /** Sleeps as long or longer never end by themselves, milliseconds. */
  readonly #longest: number;
  #now: number;
  #nextDue = Infinity;

  constructor(now: number, longest = Infinity) {
    this.#now = now;
    this.#longest = longest;
  }

  now = (): number => this.#now;

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || ms <= 0) {
        resolve();
        return;
      }
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper: Sleeper = { due: this.#now + ms, wake };
      if (ms < this.#longest) {
        this.#sleepers.add(sleeper);
        this.#nextDue = Math.min(this.#nextDue, sleeper.due);
      }
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Moves on, never back, and wakes those whose time has come. */
  moveTo(time: number): void {
    if (time > this.#now) this.#now = time;
    if (this.#now < this.#nextDue) return;
    const due = [...this.#sleepers].filter((sleeper) => sleeper.due <= this.#now);
    for (const { wake } of due) wake();
    this.#nextDue = Infinity;
    for (const sleeper of this.#sleepers) this.#nextDue = Math.min(this.#nextDue, sleeper.due);
  }

  /** To when the next one wakes; false: nobody sleeps. */
  moveToNext(): boolean {
    if (this.#nextDue === Infinity) return false;
    this.moveTo(this.#nextDue);
    return true;
  }
}
