/** The parts that work on one data directory, as readers, tasks and producers share them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog } from './catalog.ts';
import type { EmbeddedQueueSettings } from './options.ts';
import type { RecordIntake } from './record.ts';
import type { Store } from './store.ts';
import type { LogWriter } from './writer.ts';

export interface Log {
  readonly settings: EmbeddedQueueSettings;
  readonly store: Store;
  readonly catalog: Catalog;
  readonly intake: RecordIntake;
  readonly writer: LogWriter;
}

/** Lets timers and sockets have their turn; a promise that is already resolved would not. */
export async function courtesy(): Promise<void> {
  await nextTurn();
}
