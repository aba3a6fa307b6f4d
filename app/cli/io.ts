/** What a command needs of its process, so that tests can give another one. */
import { ERROR_CODES, asForetickError } from '#proto';

export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Both are drained before the process ends. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Calls back at each SIGINT or SIGTERM until the function it returns is called. */
  onStopSignal(callback: (signal: NodeJS.Signals) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

/** 0: done. 1: failed. 2: wrong use or configuration. 130: stopped before it was done. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export function print(io: CliIo, line = ''): void {
  io.stdout.write(`${line}\n`);
}

const USAGE_CODES: ReadonlySet<string> = new Set(['CONFIG_INVALID', 'FILE_UNREADABLE', 'FILE_UNWRITABLE', 'UNKNOWN_FORMAT', 'UNKNOWN_TOPIC']);

/** Tells what went wrong and what to do; returns the exit code. */
export function reportError(io: CliIo, error: unknown, json: boolean): number {
  const { code, message, retriable, cause } = asForetickError(error);
  const { remedy } = ERROR_CODES[code];
  if (json) {
    io.stderr.write(`${JSON.stringify({ error: { code, message, retriable, remedy } })}\n`);
  } else {
    io.stderr.write(`foretick: ${code}: ${message}\n  ${remedy}\n`);
    if (code === 'INTERNAL' && cause instanceof Error) io.stderr.write(`${cause.stack ?? ''}\n`);
  }
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed;
}

/** Aborts at the first stop signal, ends the process at the second. */
export function stopSignal(io: CliIo, onFirst: (signal: NodeJS.Signals) => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const release = io.onStopSignal((signal) => {
    if (controller.signal.aborted) io.exit(EXIT.interrupted);
    onFirst(signal);
    controller.abort();
  });
  return { signal: controller.signal, release };
}
