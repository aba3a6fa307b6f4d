/** `foretick topics apply`: creates the topics that are missing, and says how the others differ from the configuration. */
import type { Command } from 'commander';

import { fail, type TopicSpec } from '#proto';
import type { Queue } from '#queue';

import type { Config } from '../config/schema.ts';
import { specsOf } from '../runtime/pipeline.ts';
import { createMissing, planTopics, type PlannedTopic } from '../topics/apply.ts';
import { changed, inspected } from './inspected.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { size, span, tableOf } from './table.ts';

interface ApplyFlags extends ConfigFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addTopicsApply(topics: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(topics.command('apply'))
    .description('Create the configured topics that are missing, and say how the others differ')
    .option('-d, --data <directory>', 'the directory of an embedded queue; nothing else may use it meanwhile')
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'create what is missing')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Topics that exist stay as they are: records are placed by the count of partitions, so another count needs new topics
(foretick migrate). Retention and replication are changed at the brokers; on the embedded queue retention follows the
configuration at the next start.

Exit codes: 0 as configured, or created; 1 partitions or clean-up of a topic differ, or it failed; 2 wrong use.

Examples:
  $ foretick topics apply --config examples/kafka.yaml --dry-run
  $ foretick topics apply --config examples/kafka.yaml --yes`,
    )
    .action(async (flags: ApplyFlags, command: Command) => {
      const json = flags.json === true;
      try {
        if ((flags.dryRun === true) === (flags.yes === true)) throw fail('CONFIG_INVALID', 'give --dry-run to see what would be done, or --yes to do it');
        const planned = (queue: Pick<Queue, 'topics'>, config: Config): Promise<PlannedTopic[]> => planTopics(queue, specsOf(config));
        const plan = await (flags.yes === true
          ? changed(io, flags, command, async ({ queue, config }) => {
              const steps = await planned(queue, config);
              await createMissing(queue, steps);
              return steps;
            })
          : inspected(io, flags, command, ({ queue, config }) => planned(queue, config)));
        print(io, json ? JSON.stringify({ topics: plan, applied: flags.yes === true }, null, 2) : report(plan, flags.yes === true));
        finish(plan.some(({ blocking }) => blocking) ? EXIT.failed : EXIT.ok);
      } catch (error) {
        finish(reportError(io, error, json));
      }
    });
}

function report(plan: readonly PlannedTopic[], applied: boolean): string {
  const table = tableOf(
    [{ head: 'topic' }, { head: applied ? 'done' : 'to do' }, { head: 'part', align: 'right' }, { head: 'kept' }, { head: 'differs', width: 44 }],
    plan.map(({ name, state, wanted, found, differences }) => [
      name,
      state === 'create' && applied ? 'created' : state,
      String((found ?? wanted).partitions),
      kept(found ?? wanted),
      differences.join('; '),
    ]),
  );
  const lines = [table];
  const blocking = plan.filter((topic) => topic.blocking);
  if (blocking.length > 0) {
    lines.push(
      `${blocking.length} topics have other partitions or another clean-up than configured, and are left as they are.`,
      'Configure what exists, or move to new topics: foretick migrate --to-prefix <new> --dry-run',
    );
  }
  const missing = plan.filter(({ state }) => state === 'create').length;
  if (missing > 0) lines.push(applied ? `${missing} topics were created.` : `${missing} topics would be created; --yes does it.`);
  return lines.join('\n');
}

function kept({ cleanup, retentionMs, retentionBytes }: TopicSpec): string {
  if (cleanup === 'compact') return 'newest of each key';
  const limits = [retentionMs === undefined ? '' : span(retentionMs), retentionBytes === undefined ? '' : size(retentionBytes)].filter((text) => text !== '');
  return limits.length === 0 ? 'for ever' : limits.join(' or ');
}
