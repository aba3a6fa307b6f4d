/** Opens the store of a directory for this process alone. */
import { lockDirectory, type DirectoryLock } from './lock.ts';
import type { Store, StoreFactory } from './store.ts';

export interface Locked {
  readonly store: Store;
  readonly lock: DirectoryLock;
}

/** Thrown inside the locking transaction: nothing was locked, and the store is to be opened again. */
class Superseded extends Error {}

/** DATA_DIR_LOCKED when another process has the directory, and what opening the store throws. */
export async function openLocked(directory: string, open: StoreFactory): Promise<Locked> {
  for (;;) {
    const store = open(directory);
    try {
      const lock = lockDirectory(directory, (work) => {
        store.transaction(() => {
          // Between opening and this instant another process may have had the directory and swapped the file.
          if (store.superseded?.() === true) throw new Superseded();
          work();
        });
      });
      return { store, lock };
    } catch (error) {
      await store.close();
      if (!(error instanceof Superseded)) throw error;
    }
  }
}
