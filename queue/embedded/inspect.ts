/** Looks through a data directory and says what is wrong with it, changing nothing of the log. */
import { asForetickError, hasCode } from '#proto';
import { Catalog } from './catalog.ts';
import { checkPartition, type PartitionCheck } from './check-partition.ts';
import { assertQueue } from './data-file.ts';
import type { Finding, Inspection } from './finding.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { lockState, type LockState } from './lock.ts';
import { openLocked } from './open.ts';
import type { Store } from './store.ts';

/** Free space that is worth mentioning. */
const WORTH_GIVING_BACK = 1024 * 1024;

/** Takes the lock for as long as it looks; in use by another process, that is the only finding. */
export async function inspectEmbeddedQueue(directory: string): Promise<Inspection> {
  assertQueue(directory);
  const lock = lockState(directory);
  try {
    const { store, lock: mine } = await openLocked(directory, openLmdbStore);
    try {
      return inspectStore(directory, store, lock).inspection;
    } finally {
      await store.close();
      mine.release();
    }
  } catch (error) {
    if (hasCode(error, 'DATA_DIR_LOCKED')) return unseen(directory, lockState(directory), inUse(error.message));
    return unseen(directory, lock, damaged(error));
  }
}

function unseen(directory: string, lock: LockState, finding: Finding): Inspection {
  return { directory, lock, space: null, topics: [], findings: [finding] };
}

const inUse = (message: string): Finding => ({ kind: 'in-use', severity: 'warning', message: `${message} Stop it to look inside.` });

function damaged(error: unknown): Finding {
  const { code, message } = asForetickError(error);
  return { kind: 'damaged-file', severity: 'error', message: `The file cannot be read (${code}): ${message}` };
}

export interface Inspected {
  readonly inspection: Inspection;
  readonly checks: readonly PartitionCheck[];
}

/** With the lock held. A file that cannot be read is a finding, not an error. */
export function inspectStore(directory: string, store: Store, lock: LockState): Inspected {
  try {
    const catalog = new Catalog(store);
    const checks = catalog.all().flatMap(({ partitions }) => partitions.map((partition) => checkPartition(store, partition)));
    const space = store.space?.() ?? null;
    const wasted = space !== null && space.free >= WORTH_GIVING_BACK ? [wastedSpace(space.free)] : [];
    const topics = catalog.all().map((topic) => ({
      name: topic.spec.name,
      cleanup: topic.spec.cleanup,
      partitions: checks
        .filter(({ partition }) => partition.topic === topic)
        .map(({ partition, extent, blocks, records }) => ({ partition: partition.index, ...extent, blocks, records }))
        .map(({ partition, earliest, end, blocks, records, bytes }) => ({ partition, earliest, end, blocks, records, bytes })),
    }));
    return { inspection: { directory, lock, space, topics, findings: [...checks.flatMap(findingsOf), ...wasted] }, checks };
  } catch (error) {
    return { inspection: unseen(directory, lock, damaged(error)), checks: [] };
  }
}

const wastedSpace = (free: number): Finding => ({
  kind: 'wasted-space',
  severity: 'note',
  message: `${free} bytes of the file are free pages.`,
  repair: 'writes the file anew without them',
});

function findingsOf(check: PartitionCheck): Finding[] {
  const { partition, extent } = check;
  const place = { topic: partition.topic.spec.name, partition: partition.index };
  const name = `"${place.topic}", partition ${place.partition}`;
  const asLost = 'marks these offsets as lost; readers go on behind them';
  const range = (kind: Finding['kind'], what: string, repair?: string) => ({ from, until }: { from: number; until: number }): Finding => ({
    ...place, kind, from, until,
    severity: repair === undefined ? 'warning' : 'error',
    message: `${name}: offsets ${from} to ${until - 1} ${what}.`,
    ...(repair === undefined ? {} : { repair }),
  });
  const error = (kind: Finding['kind'], message: string, repair: string): Finding => ({ ...place, kind, severity: 'error', message: `${name}: ${message}`, repair });
  const { missing, stale, superseded } = check.index;
  return [
    ...check.corrupt.map(range('corrupt-block', 'are in a block that does not match its checksum or place', `keeps the bytes in lost/ and ${asLost}`)),
    ...check.missing.map(range('missing-records', 'have no block', asLost)),
    ...check.lost.map(range('lost-records', 'were lost, and a repair has marked them')),
    ...check.strays.map((from) => ({ ...error('stray-block', `the block at ${from} lies below or within others.`, 'moves it to lost/'), from })),
    ...(check.extentWrong ? [error('wrong-extent', `the stored extent is not that of the blocks, ${extent.earliest} to ${extent.end}.`, 'writes it anew from the blocks')] : []),
    ...(missing.length > 0 ? [error('index-missing', `${missing.length} keys are not, or wrongly, in the compaction index.`, 'writes them anew')] : []),
    ...(stale.length > 0 ? [error('index-stale', `${stale.length} entries of the compaction index have no record.`, 'removes them')] : []),
    ...(superseded.length > 0 ? [error('superseded-record', `${superseded.length} records have a newer one of the same key.`, 'removes them')] : []),
    ...check.positions.flatMap(({ group, offset }): Finding[] => {
      if (offset > extent.end || !Number.isSafeInteger(offset)) {
        return [{ ...error('position-beyond-end', `group "${group}" stands at ${offset}, behind the end ${extent.end}.`, 'moves it back to the end'), group }];
      }
      if (offset >= extent.earliest) return [];
      const message = `${name}: group "${group}" stands at ${offset}; the oldest record kept is ${extent.earliest}.`;
      return [{ ...place, kind: 'position-expired', severity: 'warning', message, group }];
    }),
  ];
}
