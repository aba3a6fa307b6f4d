/**
 * Everything that the processes of a simulation wait for goes through here: an operation is parked, and the seed decides which goes on next, and
 * how. Between two decisions the simulation runs until every actor waits again, so that a seed gives one schedule.
 */
import { fail } from '#proto';

import type { Random } from '../support/random.ts';
import { settled } from './settle.ts';

/** What becomes of an operation. */
export type Fate = 'done' | 'refused' | 'done, answer late' | 'done, answer lost' | 'crash before' | 'crash after';

export interface FaultRates {
  /** Chances of an operation. */
  readonly crash: number;
  readonly refuse: number;
  readonly lose: number;
  readonly pause: number;
  /** No fault, but an order of things: others go on between the operation and its answer. */
  readonly late: number;
  /** Operations that go on while one actor is paused, at most. */
  readonly longestPause: number;
}

export const NO_FAULTS: FaultRates = { crash: 0, refuse: 0, lose: 0, pause: 0, late: 0, longestPause: 0 };

/** A wait: who waits for what (unique, and the same for the same seed), and what is done when it is its turn. */
interface Parked {
  readonly id: string;
  /** Whom it belongs to, for pauses. */
  readonly actor: string;
  readonly mayFail: boolean;
  readonly run: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One process while it lives. What a dead one asks for is refused: its loops end, and nothing of them counts. */
export interface Life {
  readonly alive: boolean;
  /**
   * Waits until the seed lets it go on. Rejects with what the seed makes of it.
   * @param mayFail whether its caller must live with a refusal and a lost or late answer. @default true
   */
  park<T>(actor: string, what: string, run: () => Promise<T>, mayFail?: boolean): Promise<T>;
  /** Something will come by itself: decisions wait for it. Call the answer when it has. */
  expect(): () => void;
  /** While it says so, decisions wait. */
  busy: () => boolean;
}

export class Scheduler {
  readonly trace: string[] = [];
  readonly counts: Record<string, number> = {};
  /** Members made so far, for names that are used once. */
  members = 0;
  readonly #random: Random;
  readonly #faults: FaultRates;
  readonly #counters = new Map<string, number>();
  /** Actors that are paused, and for how many operations more. */
  readonly #paused = new Map<string, number>();
  #parked: Parked[] = [];
  #life: Life & { expected: number; alive: boolean } = this.#newLife();
  /** Faults left: with none the rest of a run is undisturbed, and must come to its end. */
  #faultsLeft: number;
  #calm = false;

  constructor(random: Random, faults: FaultRates, mostFaults: number) {
    this.#random = random;
    this.#faults = faults;
    this.#faultsLeft = mostFaults;
  }

  get steps(): number {
    return this.trace.length;
  }

  /** No more faults. @returns whether this is the first time it is told so */
  calm(): boolean {
    const first = !this.#calm;
    this.#calm = true;
    this.#faultsLeft = 0;
    return first;
  }

  /** The process before is dead, a new one begins. */
  begin(): Life {
    this.end();
    this.#life = this.#newLife();
    return this.#life;
  }

  /** The process is dead. */
  end(): void {
    this.#life.alive = false;
    const parked = this.#parked;
    this.#parked = [];
    this.#paused.clear();
    for (const { reject } of parked) reject(gone());
  }

  note(what: string, id = ''): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    this.trace.push(id === '' ? what : `${what}: ${id}`);
  }

  /** Lets everybody run until all wait. */
  settle(): Promise<void> {
    return settled(() => this.#parked.length, () => this.#life.expected > 0 || this.#life.busy());
  }

  /** One decision. @returns 'crash' when the process is to die, 'idle' when nobody waits */
  async step(): Promise<'went on' | 'crash' | 'idle'> {
    await this.settle();
    if (this.#parked.length === 0) return 'idle';
    for (const [actor, left] of this.#paused) {
      if (left <= 1) this.#paused.delete(actor);
      else this.#paused.set(actor, left - 1);
    }
    const choice = this.#choose();
    if (this.#chance(this.#faults.pause)) {
      this.#paused.set(choice.actor, this.#random.whole(1, this.#faults.longestPause));
      this.note('pause', choice.id);
      return 'went on';
    }
    const fate = this.#fateOf(choice);
    this.note(fate, choice.id);
    // What waits when the process dies is refused by `end`: this too, done or not.
    if (fate === 'crash after') await choice.run().catch(() => undefined);
    if (fate === 'crash before' || fate === 'crash after') return 'crash';
    this.#parked = this.#parked.filter((each) => each !== choice);
    if (fate === 'refused') choice.reject(fail('QUEUE_UNAVAILABLE', `refused by the simulation: ${choice.id}`));
    else await this.#carryOut(choice, fate);
    return 'went on';
  }

  #choose(): Parked {
    // Sorted, so that the order of arrival decides nothing.
    const all = this.#parked.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const free = all.filter(({ actor }) => !this.#paused.has(actor));
    const from = free.length > 0 ? free : all;
    return from[this.#random.whole(0, from.length - 1)]!;
  }

  async #carryOut(choice: Parked, fate: Fate): Promise<void> {
    const { id, actor, run, resolve, reject } = choice;
    let answer: () => void;
    try {
      const value = await run();
      answer = (): void => { resolve(value); };
    } catch (error) {
      answer = (): void => { reject(error); };
    }
    if (fate === 'done') answer();
    if (fate === 'done, answer lost') reject(fail('QUEUE_UNAVAILABLE', `done, but its answer was lost: ${id}`));
    if (fate === 'done, answer late') {
      this.#parked.push({ id: `${id}, its answer`, actor, mayFail: false, run: () => Promise.resolve(), resolve: answer, reject });
    }
  }

  #fateOf({ mayFail }: Parked): Fate {
    if (this.#chance(this.#faults.crash)) return this.#random.next() < 0.5 ? 'crash before' : 'crash after';
    if (mayFail && this.#chance(this.#faults.refuse)) return 'refused';
    if (mayFail && this.#chance(this.#faults.lose)) return 'done, answer lost';
    return mayFail && !this.#calm && this.#random.next() < this.#faults.late ? 'done, answer late' : 'done';
  }

  #chance(rate: number): boolean {
    if (this.#faultsLeft === 0 || this.#random.next() >= rate) return false;
    this.#faultsLeft -= 1;
    return true;
  }

  #newLife(): Life & { expected: number; alive: boolean } {
    const life = {
      alive: true,
      expected: 0,
      busy: (): boolean => false,
      park: <T>(actor: string, what: string, run: () => Promise<T>, mayFail = true): Promise<T> => {
        if (!life.alive) return Promise.reject(gone());
        const count = (this.#counters.get(`${actor} ${what}`) ?? 0) + 1;
        this.#counters.set(`${actor} ${what}`, count);
        return new Promise<T>((resolve, reject) => {
          this.#parked.push({ id: `${actor} ${what} ${count}`, actor, mayFail, run, resolve: resolve as (value: unknown) => void, reject });
        });
      },
      expect: (): (() => void) => {
        life.expected += 1;
        let over = false;
        return () => {
          if (!over) life.expected -= 1;
          over = true;
        };
      },
    };
    return life;
  }
}

/** Tasks take it for the end of their time, and return. */
const gone = (): Error => fail('FENCED', 'the process is dead');
