/** A store that kills its own process at a chosen write: at the n-th put of a kind, or around the n-th commit of one. */
import { writeSync } from 'node:fs';

import { openLmdbStore, type Store, type Writer } from '#queue/embedded';

/** What a write belongs to. A commit is of every kind it holds. */
export const KINDS = ['collector', 'features', 'feature checkpoint', 'training', 'snapshot', 'position'] as const;
export type Kind = (typeof KINDS)[number];

export const POINTS = ['before put', 'after put', 'before commit', 'after commit'] as const;
export type Point = (typeof POINTS)[number];

export interface Kill {
  readonly kind: Kind;
  readonly point: Point;
  /** From 1. */
  readonly n: number;
}

const KIND_OF_TOPIC: Readonly<Record<string, Kind>> = {
  quotes: 'collector',
  posts: 'collector',
  cursors: 'collector',
  features: 'features',
  changelog: 'feature checkpoint',
  predictions: 'training',
  outcomes: 'training',
  evaluations: 'training',
  models: 'snapshot',
};

/** First bytes of keys, see queue/embedded/keys.ts: blocks and topics, and positions and notes of groups. */
const BLOCK = 'b'.charCodeAt(0);
const TOPIC = 't'.charCodeAt(0);
const PLACES: readonly number[] = ['g'.charCodeAt(0), 'n'.charCodeAt(0)];

export class KillingStore implements Store {
  readonly #store: Store;
  readonly #kill: Kill;
  readonly #kinds = new Map<number, Kind>();
  #left: number;
  /** Kinds written by the transaction that runs. */
  #written = new Set<Kind>();

  constructor(directory: string, kill: Kill) {
    this.#store = openLmdbStore(directory);
    this.#kill = kill;
    this.#left = kill.n;
    for (const { key, value } of this.#store.range(Buffer.of(TOPIC), Buffer.of(TOPIC + 1))) this.#learn(key, value);
  }

  get: Store['get'] = (key) => this.#store.get(key);
  range: Store['range'] = (from, to, options) => this.#store.range(from, to, options);
  close: Store['close'] = () => this.#store.close();

  transaction<T>(work: (writer: Writer) => T): T {
    this.#written = new Set();
    const result = this.#store.transaction((writer) => {
      const answer = work(this.#watched(writer));
      for (const kind of this.#written) this.#pass(kind, 'before commit');
      return answer;
    });
    for (const kind of this.#written) this.#pass(kind, 'after commit');
    return result;
  }

  #watched(writer: Writer): Writer {
    return {
      get: (key) => writer.get(key),
      range: (from, to, options) => writer.range(from, to, options),
      remove: (key) => { writer.remove(key); },
      put: (key, value) => {
        const kind = this.#kindOf(key);
        if (kind) this.#pass(kind, 'before put');
        writer.put(key, value);
        if (key[0] === TOPIC) this.#learn(key, value);
        if (!kind) return;
        this.#written.add(kind);
        this.#pass(kind, 'after put');
      },
    };
  }

  #learn(key: Uint8Array, value: Uint8Array): void {
    const name = Buffer.from(key.subarray(1)).toString().split('.')[1] ?? '';
    const { id } = JSON.parse(Buffer.from(value).toString()) as { id: number };
    const kind = KIND_OF_TOPIC[name];
    if (kind) this.#kinds.set(id, kind);
  }

  #kindOf(key: Uint8Array): Kind | undefined {
    if (key[0] === BLOCK) return this.#kinds.get(Buffer.from(key).readUInt16BE(1));
    return PLACES.includes(key[0]!) ? 'position' : undefined;
  }

  #pass(kind: Kind, point: Point): void {
    if (kind !== this.#kill.kind || point !== this.#kill.point || --this.#left > 0) return;
    writeSync(1, `killed ${point}: ${kind}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}
