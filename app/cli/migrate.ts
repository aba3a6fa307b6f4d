/** `foretick migrate`: the drained migration to another count of partitions or shards, under a new prefix. */
import { InvalidArgumentError, type Command } from 'commander';

import { fail, topicLayout } from '#proto';

import { expectedGroups } from '../runtime/groups.ts';
import { specsOf, timeLimits } from '../runtime/pipeline.ts';
import { migrate, type MigratedTopic } from '../topics/migrate.ts';
import { changed } from './inspected.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { count, tableOf } from './table.ts';

interface MigrateFlags extends ConfigFlags {
  readonly toPrefix: string;
  readonly partitions?: number;
  readonly shards?: number;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addMigrate(program: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(program.command('migrate'))
    .summary('Move to other partitions or shards')
    .description('Copy quotes and posts to new topics with another count of partitions or shards')
    .requiredOption('--to-prefix <prefix>', 'prefix of the new topics')
    .option('--partitions <n>', 'partitions of the new quotes and posts (default: as configured)', countArgument)
    .option('--shards <n>', 'new learning shards (default: as configured)', countArgument)
    .option('-d, --data <directory>', 'the directory of an embedded queue; nothing else may use it meanwhile')
    .option('--force', 'though workers have not read everything')
    .option('--dry-run', 'only check, and say what would be done')
    .option('--yes', 'do it')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Stop the collectors first, wait until foretick lag shows 0, then stop the workers. The old topics stay as they are. Quotes
and posts are placed anew: the order of each instrument, times and headers stay. Cursors, aliases and promotions are copied;
features and models are made again by the workers, from the quotes and posts that are still kept.

Exit codes: 0 done, 1 not drained, not empty or failed, 2 wrong use.

Examples:
  $ foretick migrate --to-prefix foretick2 --partitions 48 --dry-run
  $ foretick migrate --to-prefix foretick2 --partitions 48 --shards 2 --yes`,
    )
    .action(async (flags: MigrateFlags, command: Command) => {
      finish(await runMigrate(io, flags, command));
    });
}

function countArgument(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1024) throw new InvalidArgumentError('a whole number, 1 to 1024');
  return value;
}

async function runMigrate(io: CliIo, flags: MigrateFlags, command: Command): Promise<number> {
  const json = flags.json === true;
  const { toPrefix, force = false, dryRun = false, yes = false } = flags;
  try {
    if (dryRun === yes) throw fail('CONFIG_INVALID', 'give --dry-run to see what would be done, or --yes to do it');
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(toPrefix)) throw fail('CONFIG_INVALID', '--to-prefix is made of lower-case letters, digits, dot, dash and underscore');
    const { migrated, inputs, shards } = await changed(io, flags, command, async ({ queue, layout, config }) => {
      const to = topicLayout({ prefix: toPrefix, inputs: flags.partitions ?? layout.inputs, shards: flags.shards ?? layout.shards });
      if (to.shards > to.inputs) throw fail('CONFIG_INVALID', 'there cannot be more shards than partitions');
      const topics = await migrate(queue, {
        from: layout,
        to,
        specs: specsOf(config, to),
        groups: expectedGroups(config),
        maxLatenessUs: timeLimits(config).maxLatenessUs,
        force,
        dryRun,
        onProgress: (topic, rows) => {
          if (!json && io.stderr.isTTY === true) io.stderr.write(`\r${topic}: ${count(rows)} rows`);
        },
      });
      return { migrated: topics, inputs: to.inputs, shards: to.shards };
    });
    if (!json && io.stderr.isTTY === true) io.stderr.write('\n');
    const block = { prefix: toPrefix, partitions: inputs, shards };
    print(io, json ? JSON.stringify({ topics: migrated, migrated: yes, configure: { topics: block } }, null, 2) : report(migrated, block, yes));
    return EXIT.ok;
  } catch (error) {
    return reportError(io, error, json);
  }
}

function report(migrated: readonly MigratedTopic[], block: { readonly prefix: string; readonly partitions: number; readonly shards: number }, done: boolean): string {
  const table = tableOf(
    [{ head: 'from' }, { head: 'to' }, { head: 'part', align: 'right' }, { head: 'rows', align: 'right' }],
    migrated.map(({ from, to, partitions, rows }) => [from, to, String(partitions), done ? count(rows) : '–']),
  );
  const settings = ['topics:', ...Object.entries(block).map(([name, value]) => `  ${name}: ${value}`)].join('\n');
  return `${table}\n${done ? 'Copied. Configure, and start the workers, then the collectors:' : 'Nothing is in the way; --yes does it. To configure then:'}\n${settings}`;
}
