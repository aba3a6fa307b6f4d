/** `foretick check`: tests of a user's own parts. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { checkFeatures, fullFeatures, loadUserFeatures, sampleEvents, type FeatureCheck, type FeatureSet } from '#features';
import { fail } from '#proto';
import Table from 'cli-table3';
import { InvalidArgumentError, type Command } from 'commander';

import { EXIT, print, reportError, type CliIo } from './io.ts';

interface CheckFlags {
  readonly events: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function addCheck(program: Command, io: CliIo, finish: (code: number) => void): void {
  const check = program.command('check').summary('Check parts of your own').description('Check parts of your own');
  check
    .command('features')
    .description('Find features that cheat: that see the future, forget after a restart, or depend on what they may not')
    .argument('[file]', 'JavaScript module that exports `features`; left out: the features that ship')
    .option('--events <n>', 'length of the made-up market they are checked on', wholeArgument, 2_000)
    .option('--seed <n>', 'of that market', wholeArgument, 1)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Each feature runs alone, many times: with another future, in other batches, restarted in the middle, with one instrument
less, between guards, with extreme ticks. Its rows must be the same. Memory: after how many events a late start gives the
same rows; "all" when it remembers more than half of them. The file is run: check only files you trust.

Exit codes: 0 none cheats, 1 one does, 2 the file is no file of features.

Examples:
  $ foretick check features examples/features/reversal.js
  $ foretick check features`,
    )
    .action(async (file: string | undefined, flags: CheckFlags) => {
      try {
        const set = file === undefined ? fullFeatures : await userFeatures(file);
        const checks = checkFeatures(set, sampleEvents(flags.events, flags.seed));
        const cheats = checks.filter(({ findings }) => findings.length > 0);
        print(io, flags.json === true ? JSON.stringify({ set: set.id, checks }, null, 2) : report(set, checks, cheats));
        finish(cheats.length > 0 ? EXIT.failed : EXIT.ok);
      } catch (error) {
        finish(reportError(io, error, flags.json === true));
      }
    });
}

function wholeArgument(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > 1_000_000) throw new InvalidArgumentError('a whole number from 1 to 1000000');
  return value;
}

/** Reads and runs a file of features. FILE_UNREADABLE when that fails, CONFIG_INVALID when it declares none that fit. */
async function userFeatures(file: string): Promise<FeatureSet> {
  let source: string;
  let module: unknown;
  try {
    source = readFileSync(file, 'utf8');
    module = await import(pathToFileURL(path.resolve(file)).href);
  } catch (error) {
    throw fail('FILE_UNREADABLE', `${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return loadUserFeatures(module, { source });
}

function report(set: FeatureSet, checks: readonly FeatureCheck[], cheats: readonly FeatureCheck[]): string {
  const table = new Table({
    head: ['feature', 'state', 'memory', 'finding'],
    colAligns: ['left', 'right', 'right', 'left'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  for (const { feature, width, memoryEvents, findings } of checks) {
    const memory = memoryEvents === null ? 'all' : `${memoryEvents} events`;
    table.push([feature, `${8 * width} B`, memory, findings.map(({ message }) => message).join('\n') || 'ok']);
  }
  const verdict =
    cheats.length === 0
      ? `${set.id}: none of ${checks.length} features cheats.`
      : `${set.id}: ${cheats.map(({ feature }) => feature).join(', ')} ${cheats.length === 1 ? 'cheats' : 'cheat'}.`;
  return `${table.toString()}\n${verdict}`;
}
