export { openEmbeddedQueue, type EmbeddedQueue } from './queue.ts';
export type { CleanedUp } from './clean-up.ts';
export type { EmbeddedQueueOptions } from './options.ts';
export type { Entry, RangeOptions, Reader, Space, Store, StoreFactory, Writer } from './store.ts';
export type { Finding, FindingKind, Inspection, LostRange, PartitionInspection, Repair, TopicInspection } from './finding.ts';
export { inspectEmbeddedQueue } from './inspect.ts';
export { repairEmbeddedQueue } from './repair.ts';
export type { LockState } from './lock.ts';
export { openLmdbStore, type CompactionStep, type LmdbOptions } from './lmdb-store.ts';
