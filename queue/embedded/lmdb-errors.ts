/** What lmdb's numbers mean to our callers. */
import { constants } from 'node:os';
import { fail, type ErrorCode, type ForetickError } from '#proto';
import { freeBytes } from './data-file.ts';

const MDB_MAP_FULL = -30792;
/** MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_INVALID. */
const CORRUPT: ReadonlySet<number> = new Set([-30797, -30796, -30793]);
const MDB_VERSION_MISMATCH = -30794;
const { ENOSPC, EDQUOT, EFBIG, EIO } = constants.errno;
const FULL: ReadonlySet<number> = new Set([MDB_MAP_FULL, ENOSPC, EDQUOT, EFBIG]);
const FULL_NAMES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** lmdb reports a write that the disk took only in part as EIO; with less than this free, the disk is full. */
const LARGEST_WRITE = 32 * 1024 * 1024;

function codeOf(code: number, directory: string): { code: ErrorCode; what: string } {
  if (FULL.has(code) || (code === EIO && freeBytes(directory) < LARGEST_WRITE)) {
    return { code: 'DISK_FULL', what: `The disk that holds ${directory} is full` };
  }
  if (CORRUPT.has(code)) return { code: 'DATA_CORRUPT', what: `The file of the queue in ${directory} is damaged` };
  if (code === MDB_VERSION_MISMATCH) return { code: 'UNSUPPORTED_SCHEMA', what: `The file of the queue in ${directory} is of another version` };
  return { code: 'QUEUE_UNAVAILABLE', what: `The store in ${directory} failed` };
}

/** lmdb numbers its errors: its own below -30000, the system's above zero. Others are not the store's. */
export function storeFailure(error: unknown, directory: string): ForetickError | undefined {
  // Errors of a native module may be of another realm: not by instanceof.
  if (typeof error !== 'object' || error === null || !('code' in error && 'message' in error)) return undefined;
  const { code: number } = error;
  const message = String(error.message);
  if (typeof number === 'string' && FULL_NAMES.has(number)) {
    return fail('DISK_FULL', `The disk that holds ${directory} is full: ${message}`, { cause: error });
  }
  if (typeof number !== 'number') return undefined;
  const { code, what } = codeOf(number, directory);
  return fail(code, `${what}: ${message}`, { cause: error });
}
