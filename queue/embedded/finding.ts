/** What an inspection of a data directory says. */
import type { LockState } from './lock.ts';
import type { Space } from './store.ts';

export type FindingKind =
  /** The store's own pages: beyond what a repair can mend. */
  | 'damaged-file'
  | 'in-use'
  | 'corrupt-block'
  | 'missing-records'
  /** A block where none belongs: before the earliest offset, or of a topic's past. */
  | 'stray-block'
  /** Lost earlier; a repair has said so. */
  | 'lost-records'
  | 'wrong-extent'
  | 'index-missing'
  | 'index-stale'
  | 'superseded-record'
  | 'position-expired'
  | 'position-beyond-end'
  | 'wasted-space';

export interface Finding {
  readonly kind: FindingKind;
  /** `error`: reading or writing will fail or go wrong; `warning`: somebody will notice; `note`: good to know. */
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  readonly topic?: string;
  readonly partition?: number;
  /** First offset concerned, and the one behind the last. */
  readonly from?: number;
  readonly until?: number;
  readonly group?: string;
  /** What `repairEmbeddedQueue` does about it; absent: nothing. */
  readonly repair?: string;
}

export interface PartitionInspection {
  readonly partition: number;
  readonly earliest: number;
  readonly end: number;
  readonly blocks: number;
  readonly records: number;
  readonly bytes: number;
}

export interface TopicInspection {
  readonly name: string;
  readonly cleanup: 'delete' | 'compact';
  readonly partitions: readonly PartitionInspection[];
}

export interface Inspection {
  readonly directory: string;
  readonly lock: LockState;
  /** Null when it could not be looked into. */
  readonly space: Space | null;
  readonly topics: readonly TopicInspection[];
  readonly findings: readonly Finding[];
}

/** Records that a repair gave up. */
export interface LostRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly until: number;
  /** Where the bytes of the block were put; null when there were none. */
  readonly file: string | null;
}

export interface Repair {
  readonly before: Inspection;
  readonly after: Inspection;
  readonly lost: readonly LostRange[];
  /** Bytes that the system got back. */
  readonly givenBack: number;
}
