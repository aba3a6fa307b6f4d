/** `foretick check`: tests of a user's own parts. */
import { checkFeatures, defaultFeatures, sampleEvents, type FeatureCheck, type FeatureSet } from '#features';
import Table from 'cli-table3';
import { InvalidArgumentError, type Command } from 'commander';

import { createResolver } from '#posts';

import { readInstrumentTable } from '../config/instruments.ts';
import { exampleTable } from '../package.ts';
import { textSentiment } from '../runtime/posts.ts';
import { userFeatures } from '../runtime/features.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';

interface CheckFlags {
  readonly events: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function addCheck(program: Command, io: CliIo, finish: (code: number) => void): void {
  const check = program.command('check').summary('Check parts of your own').description('Check parts of your own');
  addCheckPost(check, io, finish);
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
        const set = file === undefined ? defaultFeatures : await userFeatures(file);
        const checks = checkFeatures(set, sampleEvents(flags.events, flags.seed));
        const cheats = checks.filter(({ findings }) => findings.length > 0);
        print(io, flags.json === true ? JSON.stringify({ set: set.id, checks }, null, 2) : report(set, checks, cheats));
        finish(cheats.length > 0 ? EXIT.failed : EXIT.ok);
      } catch (error) {
        finish(reportError(io, error, flags.json === true));
      }
    });
}

function addCheckPost(check: Command, io: CliIo, finish: (code: number) => void): void {
  check
    .command('post')
    .description('Show what the pipeline makes of a text: the instruments it names and its sentiment')
    .argument('<text>', 'of the post, in quotes')
    .option('--instruments <table>', 'which words name which instruments', exampleTable)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Sentiment is VADER's compound: -1 is as bad, 1 as good as it gets, 0 where no word has any.

Exit codes: 0 done, 2 the table cannot be used.

Examples:
  $ foretick check post 'Love $AAPL, great quarter!'
  $ foretick check post 'Bitcoin is dumping hard' --instruments my-table.yaml --json`,
    )
    .action((text: string, flags: { readonly instruments: string; readonly json?: boolean }) => {
      try {
        const instruments = createResolver(readInstrumentTable(flags.instruments))(text);
        const sentiment = textSentiment()(text);
        if (flags.json === true) print(io, JSON.stringify({ instruments, sentiment }));
        else {
          print(io, `instruments  ${instruments.join(', ') || 'none'}`);
          print(io, `sentiment    ${sentiment.toFixed(4)}`);
        }
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
