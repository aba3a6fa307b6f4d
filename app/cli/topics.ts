/** `foretick topics`: what the topics hold and how far behind their readers are. */
import type { Command } from 'commander';
import { topicStatuses, type TopicStatus } from '#serving';

import { WHERE, inspected } from './inspected.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { getJson, withUrlOption } from './remote.ts';
import { count, size, span, tableOf } from './table.ts';
import { addTopicsApply } from './topics-apply.ts';

interface TopicsFlags extends ConfigFlags {
  readonly url: string;
  readonly json?: boolean;
}

export function addTopics(program: Command, io: CliIo, finish: (code: number) => void): void {
  const topics = withConfigOptions(withUrlOption(program.command('topics')))
    .summary('Sizes, offsets and lags of topics')
    .description('Show what the topics hold, how long they keep it, and how far behind their readers are')
    .option('-d, --data <directory>', 'look into this directory instead of asking a running process; it is only read')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
${WHERE}
Lag: records between what a consumer group has committed and the end, over all partitions.

Exit codes: 0 shown, 1 nothing answers or the directory is damaged, 2 wrong use or no queue in the directory.

Examples:
  $ foretick topics
  $ foretick topics --data .foretick --json`,
    )
    .action(async (flags: TopicsFlags, command: Command) => {
      const json = flags.json === true;
      try {
        const statuses = await inspected(
          io,
          flags,
          command,
          ({ queue, layout }) => topicStatuses(queue, layout),
          async () => (await getJson<{ topics: TopicStatus[] }>(flags.url, '/v1/topics')).topics,
        );
        print(io, json ? JSON.stringify({ topics: statuses }, null, 2) : report(statuses));
        finish(EXIT.ok);
      } catch (error) {
        finish(reportError(io, error, json));
      }
    });
  addTopicsApply(topics, io, finish);
}

function report(topics: readonly TopicStatus[]): string {
  const right = 'right' as const;
  const table = tableOf(
    [{ head: 'topic' }, { head: 'part', align: right }, { head: 'earliest', align: right }, { head: 'end', align: right }, { head: 'records', align: right }, { head: 'size', align: right }, { head: 'kept' }],
    topics.flatMap(({ topic, partitions, ...rest }) =>
      partitions.map(({ partition, earliest, end, records, bytes }) => [
        partition === 0 ? topic : '',
        String(partition),
        count(earliest),
        count(end),
        count(records),
        size(bytes),
        partition === 0 ? kept(rest) : '',
      ]),
    ),
  );
  const groups = topics.flatMap(({ topic, groups: own }) => own.map(({ group, lag }) => [group, topic, count(lag)]));
  if (groups.length === 0) return table;
  return `${table}\n${tableOf([{ head: 'group' }, { head: 'reads' }, { head: 'lag', align: right }], groups)}`;
}

function kept({ cleanup, retentionMs, retentionBytes }: Pick<TopicStatus, 'cleanup' | 'retentionMs' | 'retentionBytes'>): string {
  if (cleanup === 'compact') return 'newest of each key';
  const limits = [retentionMs === null ? '' : span(retentionMs), retentionBytes === null ? '' : size(retentionBytes)].filter((text) => text !== '');
  return limits.length === 0 ? 'for ever' : limits.join(' or ');
}
