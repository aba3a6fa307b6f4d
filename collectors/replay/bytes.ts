/** The bytes of a recording, plain or gzip, in chunks: told apart by the first two bytes, not by name. */
import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip, type Gunzip, type ZlibOptions } from 'node:zlib';
import { fail, type ForetickError } from '#proto';

/** Bytes of the file read at once. Bounds memory: gzip yields at most about 1000 times as many. */
const READ_BYTES = 64 * 1024;
const OUTPUT_BYTES = 256 * 1024;

type Pulled = { readonly chunk: Uint8Array | null } | { readonly error: ForetickError };

/** A file opened for one pass. `next` in a loop until null, then `close`; `close` alone at any time. */
export interface ByteSource {
  /** Bytes of the file itself, for a percentage. */
  readonly totalBytes: number;
  bytesRead(): number;
  /**
   * Never empty; null at the end. Rejects with FILE_UNREADABLE, but only after everything that
   * could be read was given out.
   */
  next(): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** @throws FILE_UNREADABLE when the file is not there, is a directory, or may not be read */
export async function openBytes(file: string): Promise<ByteSource> {
  const handle = await guarded(file, () => open(file, 'r'));
  try {
    const { size } = await guarded(file, () => handle.stat());
    const magic = new Uint8Array(2);
    const { bytesRead } = await guarded(file, () => handle.read(magic, 0, 2, 0));
    const gzip = bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
    return createByteSource(file, handle, size, gzip ? createInflater() : null);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function createByteSource(file: string, handle: FileHandle, size: number, inflater: Inflater | null): ByteSource {
  let position = 0;
  let ended = false;

  async function pull(): Promise<Pulled> {
    try {
      while (!ended) {
        const input = Buffer.allocUnsafe(READ_BYTES);
        const { bytesRead } = await handle.read(input, 0, READ_BYTES, position);
        position += bytesRead;
        ended = bytesRead === 0;
        if (inflater === null) return { chunk: ended ? null : input.subarray(0, bytesRead) };
        const chunk = await (ended ? inflater.end() : inflater.write(input.subarray(0, bytesRead)));
        if (chunk !== null) return { chunk };
      }
      return { chunk: null };
    } catch (error) {
      ended = true;
      return { error: unreadable(file, error) };
    }
  }

  // One chunk ahead: zlib's thread inflates while this thread parses.
  let ahead = pull();
  let closed: Promise<void> | null = null;
  return {
    totalBytes: size,
    bytesRead: () => position,
    async next() {
      const pulled = await ahead;
      if ('error' in pulled) throw pulled.error;
      if (pulled.chunk !== null) ahead = pull();
      return pulled.chunk;
    },
    close() {
      closed ??= (async () => {
        ended = true;
        await ahead;
        inflater?.close();
        await handle.close();
      })();
      return closed;
    },
  };
}

interface Inflater {
  /** What these bytes inflate to, null when that is nothing yet. */
  write(input: Uint8Array): Promise<Uint8Array | null>;
  /** Rejects when the compressed data is not complete. */
  end(): Promise<Uint8Array | null>;
  close(): void;
}

/**
 * Back-pressure by writes instead of reads: what one write inflates to is taken out at once, so that nothing
 * whole is lost in a stream's buffer when a later write fails.
 */
function createInflater(): Inflater {
  // Passed on to the stream: never full, so that a write is done when all it inflates to is in the buffer.
  const options: ZlibOptions & { highWaterMark: number } = { chunkSize: OUTPUT_BYTES, highWaterMark: 2 ** 31 - 1 };
  const gunzip: Gunzip = createGunzip(options);
  let failed: Error | null = null;
  let onFailure: ((error: Error) => void) | null = null;
  gunzip.on('error', (error) => {
    failed = error;
    onFailure?.(error);
  });
  const taken = (): Uint8Array | null => gunzip.read() as Buffer | null;
  const run = (begin: (done: () => void) => void): Promise<Uint8Array | null> =>
    new Promise((resolve, reject) => {
      if (failed !== null) {
        reject(failed);
        return;
      }
      onFailure = reject;
      begin(() => {
        onFailure = null;
        resolve(taken());
      });
    });
  return {
    write: (input) =>
      run((done) => {
        gunzip.write(input, (error) => {
          if (!error) done();
        });
      }),
    // The trailer is checked after 'finish', before 'end'; every byte was taken out by then.
    end: () =>
      run((done) => {
        gunzip.once('end', done).resume().end();
      }),
    close: () => {
      gunzip.destroy();
    },
  };
}

async function guarded<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): ForetickError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return fail('FILE_UNREADABLE', `${file}: ${reason}`, { cause, details: { file } });
}
