/** The command line. */
import { Command, CommanderError } from 'commander';

import { packageVersion } from '../package.ts';
import { addBacktest } from './backtest.ts';
import { addCheck } from './check.ts';
import { addConfig } from './config.ts';
import { addDlq } from './dlq.ts';
import { addSubscribe } from './subscribe.ts';
import { addDoctor } from './doctor.ts';
import { addEvaluate } from './evaluate.ts';
import { EXIT, type CliIo } from './io.ts';
import { addLag } from './lag.ts';
import { addMigrate } from './migrate.ts';
import { addModels } from './models.ts';
import { addReplay } from './replay.ts';
import { addRoles } from './roles.ts';
import { addSources } from './sources.ts';
import { addTail } from './tail.ts';
import { addTopics } from './topics.ts';
import { addUp } from './up.ts';

/** Runs a command line (without `node` and the script) and resolves to its exit code. */
export async function runCli(io: CliIo, args: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const finish = (result: number): void => {
    code = result;
  };
  const program = new Command('foretick')
    .description('Live quotes and posts in, continuously learned and continuously scored predictions out.')
    .version(packageVersion(), '-v, --version')
    .showHelpAfterError('(add --help for the options and examples)')
    // Else `models show softmax --version 3` would print the version of the program.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  program.commandsGroup('Run:');
  addUp(program, io, finish);
  addRoles(program, io, finish);
  program.commandsGroup('Evaluate:');
  addBacktest(program, io, finish);
  addReplay(program, io, finish);
  addEvaluate(program, io, finish);
  program.commandsGroup('Look inside:');
  addTail(program, io, finish);
  addTopics(program, io, finish);
  addLag(program, io, finish);
  addModels(program, io, finish);
  addSources(program, io, finish);
  program.commandsGroup('Check and mend:');
  addConfig(program, io, finish);
  addCheck(program, io, finish);
  addDlq(program, io, finish);
  addSubscribe(program, io, finish);
  addMigrate(program, io, finish);
  addDoctor(program, io, finish);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
  return code;
}
