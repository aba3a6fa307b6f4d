/** `foretick lag`: how far each consumer group is behind, by partition, in records and seconds. */
import { InvalidArgumentError, type Command } from 'commander';
import { setTimeout as pause } from 'node:timers/promises';

import { groupLags, type PartitionLag } from '#serving';

import { expectedGroups } from '../runtime/groups.ts';
import { WHERE, inspected } from './inspected.ts';
import { EXIT, print, reportError, stopSignal, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { getJson, withUrlOption } from './remote.ts';
import { count, span, tableOf } from './table.ts';

interface LagFlags extends ConfigFlags {
  readonly url: string;
  readonly json?: boolean;
  readonly watch?: true | number;
}

const WATCH_SECONDS = 2;

export function addLag(program: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(withUrlOption(program.command('lag')))
    .summary('How far consumer groups are behind')
    .description('Show how far each consumer group is behind, by partition: in records, and in seconds')
    .option('-d, --data <directory>', 'look into this directory instead; it is only read')
    .option('-w, --watch [seconds]', `again every so many seconds, until Ctrl-C (default: ${WATCH_SECONDS})`, secondsArgument)
    .option('--json', 'as JSON; with --watch one line each time')
    .addHelpText(
      'after',
      `
${WHERE}
Records: between the committed position and the end. Seconds: how long the oldest of them has waited, by its timestamp.

Exit codes: 0 shown, 1 nothing answers, 2 wrong use.

Examples:
  $ foretick lag
  $ foretick lag --config examples/kafka.yaml --watch 5
  $ foretick lag --json | jq '[.lags[].records] | add'`,
    )
    .action(async (flags: LagFlags, command: Command) => {
      finish(await lag(io, flags, command));
    });
}

function secondsArgument(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.1 && seconds <= 86_400)) throw new InvalidArgumentError('a number of seconds, 0.1 or more');
  return seconds;
}

async function lag(io: CliIo, flags: LagFlags, command: Command): Promise<number> {
  const json = flags.json === true;
  const everyMs = flags.watch === undefined ? null : (flags.watch === true ? WATCH_SECONDS : flags.watch) * 1000;
  const stop = stopSignal(io, () => undefined);
  const repeated = async (read: () => Promise<readonly PartitionLag[]>): Promise<void> => {
    for (;;) {
      const lags = await read();
      if (everyMs !== null && !json && io.stdout.isTTY === true) io.stdout.write('\u001b[2J\u001b[H');
      print(io, json ? JSON.stringify({ lags }, null, everyMs === null ? 2 : undefined) : report(lags));
      if (everyMs === null) return;
      try {
        await pause(everyMs, undefined, { signal: stop.signal });
      } catch {
        return; // Ctrl-C.
      }
    }
  };
  try {
    await inspected(
      io,
      flags,
      command,
      ({ queue, layout, config }) => repeated(() => groupLags(queue, layout, expectedGroups(config))),
      () => repeated(async () => (await getJson<{ lags: PartitionLag[] }>(flags.url, '/v1/lag')).lags),
    );
    return EXIT.ok;
  } catch (error) {
    return reportError(io, error, json);
  } finally {
    stop.release();
  }
}

function report(lags: readonly PartitionLag[]): string {
  const right = 'right' as const;
  const table = tableOf(
    [{ head: 'group' }, { head: 'reads' }, { head: 'part', align: right }, { head: 'committed', align: right }, { head: 'end', align: right }, { head: 'records', align: right }, { head: 'oldest', align: right }],
    lags.map(({ group, topic, partition, committed, end, records, seconds }, i) => [
      i > 0 && lags[i - 1]!.group === group ? '' : group,
      i > 0 && lags[i - 1]!.group === group && lags[i - 1]!.topic === topic ? '' : topic,
      String(partition),
      committed === null ? '–' : count(committed),
      count(end),
      count(records),
      records === 0 ? '–' : span(seconds * 1000),
    ]),
  );
  const records = lags.reduce((sum, { records: own }) => sum + own, 0);
  const oldest = lags.reduce((most, { seconds }) => Math.max(most, seconds), 0);
  return `${table}\n${records === 0 ? 'Nothing is left to read.' : `${count(records)} records are left to read; the oldest has waited ${span(oldest * 1000)}.`}`;
}
