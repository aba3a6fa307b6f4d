#!/usr/bin/env node
import type { CliIo } from './cli/io.ts';
import { runCli } from './cli/program.ts';

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
