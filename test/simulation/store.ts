/** A store in memory that outlives the processes that open it: each opening is a handle, and a crashed process's handle is dead. */
import type { Entry, RangeOptions, Store, StoreFactory, Writer } from '#queue/embedded';

/** What no honest disk does when its process is killed. A simulation that does not notice is worthless. */
export interface DiskFaults {
  /** The newest transaction is gone, though it was acknowledged. */
  readonly forgetful?: boolean;
  /** Of the newest transaction every other write is gone. */
  readonly torn?: boolean;
}

/** Latin-1 strings order as their bytes do. */
const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1');

export class Disk {
  readonly #values = new Map<string, Buffer>();
  /** Keys in order. */
  #keys: string[] = [];
  readonly #faults: DiskFaults;
  /** What the newest transaction replaced. */
  #undo = new Map<string, Buffer | undefined>();

  constructor(faults: DiskFaults = {}) {
    this.#faults = faults;
  }

  /** A new process opens it. Handles opened before stay dead once `kill` was called on them. */
  opener(): { readonly factory: StoreFactory; readonly kill: () => void } {
    const state = { dead: false };
    return {
      factory: () => this.#handle(state),
      kill: () => {
        state.dead = true;
        const { forgetful = false, torn = false } = this.#faults;
        [...this.#undo].forEach(([name, value], i) => {
          if (forgetful || (torn && i % 2 === 0)) this.#set(name, value);
        });
      },
    };
  }

  #handle(state: { readonly dead: boolean }): Store {
    const alive = (): void => {
      if (state.dead) throw new Error('a process that is dead touched its store');
    };
    const get = (key: Uint8Array): Buffer | undefined => {
      const value = this.#values.get(nameOf(key));
      return value && Buffer.from(value);
    };
    return {
      get: (key) => {
        alive();
        return get(key);
      },
      range: (from, to, options) => {
        alive();
        return this.#range(from, to, options);
      },
      transaction: <T>(work: (writer: Writer) => T): T => {
        alive();
        return this.#transaction(work);
      },
      close: () => Promise.resolve(),
    };
  }

  *#range(from: Uint8Array, to: Uint8Array, { reverse = false }: RangeOptions = {}): Generator<Entry> {
    const [low, high] = [this.#place(nameOf(from)), this.#place(nameOf(to))];
    for (let n = 0; n < high - low; n++) {
      const name = this.#keys[reverse ? high - 1 - n : low + n]!;
      yield { key: Buffer.from(name, 'latin1'), value: Buffer.from(this.#values.get(name)!) };
    }
  }

  /** All or nothing: what `work` wrote is taken back when it throws. */
  #transaction<T>(work: (writer: Writer) => T): T {
    const before = new Map<string, Buffer | undefined>();
    const set = (name: string, value: Buffer | undefined): void => {
      if (!before.has(name)) before.set(name, this.#values.get(name));
      this.#set(name, value);
    };
    try {
      const answer = work({
        get: (key) => {
          const value = this.#values.get(nameOf(key));
          return value && Buffer.from(value);
        },
        range: (from, to, options) => this.#range(from, to, options),
        put: (key, value) => { set(nameOf(key), Buffer.from(Uint8Array.from(value))); },
        remove: (key) => { set(nameOf(key), undefined); },
      });
      if (before.size > 0) this.#undo = before;
      return answer;
    } catch (error) {
      for (const [name, value] of before) this.#set(name, value);
      throw error;
    }
  }

  #set(name: string, value: Buffer | undefined): void {
    const known = this.#values.has(name);
    if (value !== undefined) {
      if (!known) this.#keys.splice(this.#place(name), 0, name);
      this.#values.set(name, value);
    } else if (known) {
      this.#keys.splice(this.#place(name), 1);
      this.#values.delete(name);
    }
  }

  /** Where `name` stands or would stand. */
  #place(name: string): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
