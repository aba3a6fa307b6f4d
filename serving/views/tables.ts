/** Small compacted topics as tables, and what the page tells of posts. */
import { Alias, Cursor, decodeJson, decodePost, identityOf } from '#proto';
import type { QueueRecord } from '#queue';

import { OrdinalFilter } from './position.ts';

/** The newest value of each key; a tombstone removes it. */
export class TableView<T extends object> {
  readonly #message: { fromJSON(value: unknown): T };
  readonly #rows = new Map<string, T>();

  constructor(message: { fromJSON(value: unknown): T }) {
    this.#message = message;
  }

  apply(record: QueueRecord): void {
    if (record.key === null) return;
    const key = Buffer.from(record.key).toString('utf8');
    if (record.value === null) this.#rows.delete(key);
    else this.#rows.set(key, decodeJson(record.value, this.#message));
  }

  get(key: string): T | undefined {
    return this.#rows.get(key);
  }

  entries(): IterableIterator<[string, T]> {
    return this.#rows.entries();
  }
}

export const aliasesView = (): TableView<Alias> => new TableView(Alias);
export const cursorsView = (): TableView<Cursor> => new TableView(Cursor);

/** How many posts went by, and whether any of them was made up. */
export class PostsView {
  count = 0;
  synthetic = false;
  readonly #filter = new OrdinalFilter();

  apply(record: QueueRecord): void {
    const post = decodePost(record);
    if (post.watermark) return;
    const identity = identityOf(record.headers);
    if (identity && !this.#filter.isNew(record.partition, identity.task, identity.ordinal)) return;
    this.count += 1;
    this.synthetic ||= post.synthetic;
  }
}
