/**
 * A process that commits and is killed in the middle: `node killed-writer.js <directory> <point> <n>`.
 * Prints the number of each commit once it is acknowledged. See embedded/kill.test.ts.
 */
import { writeSync } from 'node:fs';
import { openEmbeddedQueue, openLmdbStore, type Store, type Writer } from '#queue/embedded';

export type KillPoint = 'before-put' | 'after-put' | 'before-commit' | 'after-commit';

const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

/** Dies at the n-th pass of `point`, counted from the call of `arm`. */
class KillingStore implements Store {
  readonly #store: Store;
  readonly #point: KillPoint;
  #left: number;
  #armed = false;

  constructor(store: Store, point: KillPoint, n: number) {
    this.#store = store;
    this.#point = point;
    this.#left = n;
  }

  arm(): void {
    this.#armed = true;
  }

  get: Store['get'] = (key) => this.#store.get(key);
  range: Store['range'] = (from, to, options) => this.#store.range(from, to, options);
  close: Store['close'] = () => this.#store.close();

  transaction<T>(work: (writer: Writer) => T): T {
    const result = this.#store.transaction((writer) => {
      const answer = work(this.#watched(writer));
      this.#pass('before-commit');
      return answer;
    });
    this.#pass('after-commit');
    return result;
  }

  #watched(writer: Writer): Writer {
    const watch = (change: () => void): void => {
      this.#pass('before-put');
      change();
      this.#pass('after-put');
    };
    return {
      get: (key) => writer.get(key),
      range: (from, to, options) => writer.range(from, to, options),
      put: (key, value) => { watch(() => { writer.put(key, value); }); },
      remove: (key) => { watch(() => { writer.remove(key); }); },
    };
  }

  #pass(point: KillPoint): void {
    if (this.#armed && point === this.#point && --this.#left === 0) die();
  }
}

async function main([directory, point, n]: readonly string[]): Promise<void> {
  let killing: KillingStore | undefined;
  const queue = await openEmbeddedQueue({
    directory: directory!,
    store: (path) => (killing = new KillingStore(openLmdbStore(path), point as KillPoint, Number(n))),
  });
  await queue.ensureTopics([
    { name: 'in', partitions: 1, cleanup: 'delete' },
    { name: 'out', partitions: 2, cleanup: 'delete' },
    { name: 'table', partitions: 1, cleanup: 'compact' },
  ]);
  await queue.join({
    group: 'g',
    topics: ['in'],
    onFailure: (error) => { throw error as Error; },
    createTask: () => ({
      run: async (context) => {
        for (let i = 0; ; i++) {
          if (i === 2) killing?.arm();
          const value = `${i}`;
          const outputs = [
            { topic: 'out', partition: 0, value },
            { topic: 'table', key: 'newest', value },
            { topic: 'out', partition: 1, value },
          ];
          await context.commit({ outputs, offsets: new Map([['in', i + 1]]), metadata: value });
          writeSync(1, `${i}\n`);
        }
      },
    }),
  });
}

await main(process.argv.slice(2));
