#!/usr/bin/env node
import type { CliIo } from './cli/io.ts';
import { runCli } from './cli/program.ts';

/** How long a process that is done may linger, ms. */
const LINGER_MS = 3_000;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const io: CliIo = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  onStopSignal(callback) {
    for (const signal of SIGNALS) process.on(signal, callback);
    return () => {
      for (const signal of SIGNALS) process.off(signal, callback);
    };
  },
  exit: (code) => process.exit(code),
};

// A reader that has seen enough, such as head, closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(io, process.argv.slice(2));
setTimeout(endAnyway, LINGER_MS).unref();

/** All is done. What still holds the process, such as a connection that is being tried, must not; output that a slow reader has yet to take may. */
function endAnyway(): void {
  if (process.stdout.writableLength + process.stderr.writableLength > 0) {
    setTimeout(endAnyway, LINGER_MS);
    return;
  }
  process.exit();
}
