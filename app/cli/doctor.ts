/** `foretick doctor`: look through a data directory, and mend what can be mended. */
import type { Command } from 'commander';
import { inspectEmbeddedQueue, repairEmbeddedQueue, type Finding, type Inspection, type Repair } from '#queue/embedded';

import { EXIT, print, reportError, type CliIo } from './io.ts';
import { configOf, withConfigOptions, type ConfigFlags } from './options.ts';

interface DoctorFlags extends ConfigFlags {
  readonly repair?: boolean;
  readonly json?: boolean;
}

export function addDoctor(program: Command, io: CliIo, finish: (code: number) => void): void {
  const doctor = program
    .command('doctor')
    .summary('Check or mend a data directory')
    .description('Check a data directory: blocks, checksums, offsets, index, positions, lock, free space')
    .option('-d, --data <directory>', 'the directory to check (default: ./.foretick)')
    .option('--repair', 'mend what can be mended, and give free space back to the disk')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Stop the process that uses the directory first. Records in damaged blocks cannot be had back: --repair keeps
their bytes in lost/, names their offsets, and readers go on behind them. Exit code 1: something is wrong.

Examples:
  $ foretick doctor --data .foretick
  $ foretick doctor --data .foretick --repair`,
    );
  withConfigOptions(doctor).action(async (flags: DoctorFlags) => {
    try {
      const { directory } = (await configOf(io, flags, {}, {})).config.queue;
      finish(flags.repair === true ? await repair(io, directory, flags.json === true) : await inspect(io, directory, flags.json === true));
    } catch (error) {
      finish(reportError(io, error, flags.json === true));
    }
  });
}

/** Errors, and a directory of which nothing could be seen. */
const isWrong = ({ severity, kind }: Finding): boolean => severity === 'error' || kind === 'in-use';
const exitCode = ({ findings }: Inspection): number => (findings.some(isWrong) ? EXIT.failed : EXIT.ok);

async function inspect(io: CliIo, directory: string, json: boolean): Promise<number> {
  const inspection = await inspectEmbeddedQueue(directory);
  if (json) print(io, JSON.stringify(inspection, null, 2));
  else {
    printInspection(io, inspection);
    if (inspection.findings.some(({ repair: mended }) => mended !== undefined)) print(io, 'foretick doctor --repair mends what says so.');
  }
  return exitCode(inspection);
}

async function repair(io: CliIo, directory: string, json: boolean): Promise<number> {
  const report = await repairEmbeddedQueue(directory);
  if (json) print(io, JSON.stringify(report, null, 2));
  else printRepair(io, report);
  return exitCode(report.after);
}

function printInspection(io: CliIo, { directory, lock, space, topics, findings }: Inspection): void {
  print(io, `${directory}${space === null ? '' : `: ${space.bytes} bytes, ${space.free} of them free`}`);
  if (lock.state === 'left-behind') print(io, `Its last process, ${lock.pid}, did not close it; that is no harm.`);
  for (const { name, cleanup, partitions } of topics) {
    const records = partitions.reduce((sum, partition) => sum + partition.records, 0);
    const blocks = partitions.reduce((sum, partition) => sum + partition.blocks, 0);
    print(io, `  ${name} (${cleanup}): ${partitions.length} partitions, ${blocks} blocks, ${records} records`);
  }
  for (const { severity, kind, message, repair: mended } of findings) {
    print(io, `${severity}: ${kind}: ${message}${mended === undefined ? '' : `\n  --repair ${mended}.`}`);
  }
  if (findings.length === 0) print(io, 'Nothing is wrong.');
}

function printRepair(io: CliIo, { before, after, lost, givenBack }: Repair): void {
  printInspection(io, before);
  for (const { topic, partition, from, until, file } of lost) {
    print(io, `LOST: ${topic}, partition ${partition}, offsets ${from} to ${until - 1}${file === null ? '' : `; the bytes are in ${file}`}`);
  }
  if (givenBack > 0) print(io, `${givenBack} bytes were given back.`);
  const left = after.findings.filter(({ severity }) => severity === 'error');
  print(io, left.length === 0 ? 'Repaired.' : `${left.length} errors could not be mended.`);
}
