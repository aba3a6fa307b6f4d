/**
 * One process holds a data directory. The holder is named in the file `lock` by its pid and the time it
 * started, since a pid is used again; the file of a process that was killed is taken over.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '#proto';

interface Holder {
  readonly pid: number;
  /** Clock ticks after boot, from /proc; null where the system does not tell. */
  readonly startTime: string | null;
}

/** Fields of /proc/<pid>/stat from the third on: the second, the program's name, may hold spaces. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // No /proc, or no such process.
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to someone else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const fields = statFields(holder.pid);
  if (fields === undefined || holder.startTime === null) return true;
  const [state, startTime] = [fields[0], fields[19]];
  return state !== 'Z' && startTime === holder.startTime;
}

function readHolder(path: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('pid' in parsed) || !('startTime' in parsed)) return undefined;
    const { pid, startTime } = parsed;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, startTime: typeof startTime === 'string' ? startTime : null };
  } catch {
    return undefined; // Nobody's: never written, or cut off by a crash of the machine.
  }
}

/** Who has the directory: nobody, a process that lives, or one that did not get to give it back. */
export type LockState = { readonly state: 'free' } | { readonly state: 'held' | 'left-behind'; readonly pid: number };

export function lockState(directory: string): LockState {
  const holder = readHolder(join(directory, 'lock'));
  if (holder === undefined) return { state: 'free' };
  return { state: isAlive(holder) ? 'held' : 'left-behind', pid: holder.pid };
}

export interface DirectoryLock {
  release(): void;
}

/**
 * @param exclusively runs its argument while no other process runs one for this directory: the write
 * transaction of the store, so that two processes cannot both take over from a dead one
 */
export function lockDirectory(directory: string, exclusively: (work: () => void) => void): DirectoryLock {
  const path = join(directory, 'lock');
  const self: Holder = { pid: process.pid, startTime: statFields(process.pid)?.[19] ?? null };
  exclusively(() => {
    const holder = readHolder(path);
    if (holder !== undefined && isAlive(holder)) {
      throw fail('DATA_DIR_LOCKED', `The data directory ${directory} is in use by process ${holder.pid}.`, {
        details: { directory, pid: holder.pid },
      });
    }
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${path}.${self.pid}`, JSON.stringify(self));
    renameSync(`${path}.${self.pid}`, path);
  });
  return {
    release: () => {
      rmSync(path, { force: true });
    },
  };
}
