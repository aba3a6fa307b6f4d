export { openEmbeddedQueue } from './queue.ts';
export type { EmbeddedQueueOptions } from './options.ts';
export type { Entry, RangeOptions, Reader, Store, StoreFactory, Writer } from './store.ts';
export { openLmdbStore } from './lmdb-store.ts';
