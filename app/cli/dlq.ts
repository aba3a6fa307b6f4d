/** `foretick dlq list`, `show`, `retry`: records that could not be handled, why, and putting them back. */
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';

import { fail } from '#proto';
import { deadLetterDetails, findDeadLetters, type DeadLetterDetails, type FoundLetter } from '#serving';

import { duration } from '../config/units.ts';
import { retryDeadLetters, type RetryResult } from '../dead-letters/retry.ts';
import { timeLimits } from '../runtime/pipeline.ts';
import { WHERE, changed, inspected } from './inspected.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { getJson, postJson, withUrlOption } from './remote.ts';
import { printable, size, tableOf, time } from './table.ts';

interface DlqFlags extends ConfigFlags {
  readonly url: string;
  readonly json?: boolean;
}

interface ListFlags extends DlqFlags {
  readonly code?: string;
  readonly topic?: string;
  readonly since?: number;
  readonly limit: number;
}

interface ShowFlags extends DlqFlags {
  readonly output?: string;
}

interface RetryFlags extends DlqFlags {
  readonly again?: boolean;
  readonly dryRun?: boolean;
}

const SHOWN_ROWS = 20;

export function addDlq(program: Command, io: CliIo, finish: (code: number) => void): void {
  const dlq = program.command('dlq').summary('Dead letters: list, show, retry').description('Look at dead letters, and put back those that can be handled now');
  const command = (name: string, data: string): Command =>
    withConfigOptions(withUrlOption(dlq.command(name))).option('-d, --data <directory>', data).option('--json', 'as JSON');

  command('list', 'look into this directory instead; it is only read')
    .description('List dead letters, newest first')
    .option('--code <code>', 'only those with this error code')
    .option('--topic <topic>', 'only those of records on this topic, quotes for example')
    .option('--since <time>', 'only those put aside since: 15m, 2h, 7d, or a time such as 2026-03-01T08:00Z', sinceArgument)
    .option('-n, --limit <letters>', 'the newest so many', limitArgument, 20)
    .addHelpText('after', `\n${WHERE}\n\nExit codes: 0 listed, 1 nothing answers, 2 wrong use.\n\nExamples:\n  $ foretick dlq list\n  $ foretick dlq list --code LATE_EVENT --topic quotes --since 2h`)
    .action(async (flags: ListFlags, self: Command) => {
      await shown(io, finish, flags, async () => {
        const letters = await list(io, flags, self);
        print(io, flags.json === true ? JSON.stringify({ letters }, null, 2) : listed(letters));
        return EXIT.ok;
      });
    });

  command('show', 'look into this directory instead; it is only read')
    .description('Show one dead letter: headers, rows as far as they can be read')
    .argument('<letter>', 'its number, as dlq list says', letterArgument)
    .option('-o, --output <file>', 'write the bytes there')
    .addHelpText('after', `\n${WHERE}\n\nExit codes: 0 shown, 1 nothing answers or it is no longer kept, 2 wrong use.\n\nExamples:\n  $ foretick dlq show 12\n  $ foretick dlq show 12 --output letter.bin`)
    .action(async (letter: number, flags: ShowFlags, self: Command) => {
      await shown(io, finish, flags, async () => {
        const details = await inspected(
          io,
          flags,
          self,
          ({ queue, layout }) => deadLetterDetails(queue, layout, letter),
          () => getJson<DeadLetterDetails>(flags.url, `/v1/dead-letters/${letter}`),
        );
        if (flags.output !== undefined) write(flags.output, Buffer.from(details.value, 'base64'));
        print(io, flags.json === true ? JSON.stringify(details, null, 2) : detailed(details, flags.output));
        return EXIT.ok;
      });
    });

  command('retry', 'the directory of an embedded queue; nothing else may use it meanwhile')
    .description('Put records back on the topics they come from, when a worker would take them now')
    .argument('<letters...>', 'their numbers, as dlq list says')
    .option('--again', 'also those that were put back before')
    .option('--dry-run', 'only say which would be put back')
    .addHelpText(
      'after',
      `
Each record is judged first as a worker would, by the configuration as it is now (a running process: by its own); one that
would fail again is refused, with the reason. Of a batch only the bad row is put back. It stands at the end of its partition
with its original headers and times, and its attempt counted.

${WHERE}

Exit codes: 0 all put back, 1 some refused or it failed, 2 wrong use.

Examples:
  $ foretick dlq retry 12
  $ foretick dlq retry 12 13 14 --dry-run`,
    )
    .action(async (letters: string[], flags: RetryFlags, self: Command) => {
      await shown(io, finish, flags, async () => {
        const results = await retry(io, flags, self, [...new Set(letters.map(letterOf))]);
        print(io, flags.json === true ? JSON.stringify({ results }, null, 2) : retried(results, flags.dryRun === true));
        return results.some(({ code }) => code !== null) ? EXIT.failed : EXIT.ok;
      });
    });
}

function sinceArgument(text: string): number {
  const ago = duration().safeParse(text);
  const at = ago.success ? Date.now() - ago.data / 1000 : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(at)) throw new InvalidArgumentError('a duration such as 15m, or a time such as 2026-03-01T08:00Z');
  return Math.max(0, Math.floor(at));
}

function limitArgument(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) throw new InvalidArgumentError('a whole number, 1 to 10000');
  return limit;
}

function letterArgument(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('the number of a dead letter, 0 or more');
  return Number(text);
}

function letterOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw fail('CONFIG_INVALID', `${text} is not the number of a dead letter`);
  return Number(text);
}

async function shown(io: CliIo, finish: (code: number) => void, { json = false }: { readonly json?: boolean }, work: () => Promise<number>): Promise<void> {
  try {
    finish(await work());
  } catch (error) {
    finish(reportError(io, error, json));
  }
}

function list(io: CliIo, flags: ListFlags, command: Command): Promise<readonly FoundLetter[]> {
  const { code, topic, since, limit } = flags;
  return inspected<readonly FoundLetter[]>(
    io,
    flags,
    command,
    ({ queue, layout }) => findDeadLetters(queue, layout, { code, topic, sinceMs: since, limit }),
    async () => {
      const query = new URLSearchParams({ limit: String(limit), ...(code !== undefined && { code }), ...(topic !== undefined && { topic }), ...(since !== undefined && { since: String(since) }) });
      return (await getJson<{ letters: FoundLetter[] }>(flags.url, `/v1/dead-letters/search?${query.toString()}`)).letters;
    },
  );
}

function retry(io: CliIo, { again = false, dryRun = false, ...flags }: RetryFlags, command: Command, letters: readonly number[]): Promise<readonly RetryResult[]> {
  return changed<readonly RetryResult[]>(
    io,
    flags,
    command,
    ({ queue, layout, config }) => retryDeadLetters(queue, layout, { letters, limits: timeLimits(config), again, dryRun }),
    async () => (await postJson<{ results: RetryResult[] }>(flags.url, '/v1/dead-letters/retry', { letters, again, dryRun })).results,
  );
}

function write(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (cause) {
    throw fail('FILE_UNWRITABLE', `${file} cannot be written`, { cause });
  }
}

const originOf = ({ topic, partition, offset, row, key }: FoundLetter): string => (topic === '' ? `${key}, row ${offset}` : `${topic}/${partition} @ ${offset}${row > 0 ? `, row ${row}` : ''}`);

function listed(letters: readonly FoundLetter[]): string {
  if (letters.length === 0) return 'No dead letters.';
  return tableOf(
    [{ head: 'letter', align: 'right' }, { head: 'put aside' }, { head: 'code' }, { head: 'try', align: 'right' }, { head: 'from' }, { head: 'size', align: 'right' }, { head: 'message', width: 40 }],
    letters.map((letter) => [String(letter.letter), time(letter.timestamp), letter.code, `${letter.attempt}${letter.retried ? ', back' : ''}`, originOf(letter), size(letter.bytes), letter.message]),
  );
}

function detailed(details: DeadLetterDetails, output: string | undefined): string {
  const { letter, code, message, timestamp, attempt, retried, bytes, headers, rows } = details;
  const lines = [
    `Dead letter ${letter}: ${code}: ${message}`,
    `From ${originOf(details)}, key ${JSON.stringify(details.key)}; put aside ${time(timestamp)} at try ${attempt}${retried ? '; put back since' : ''}; ${size(bytes)}.`,
    tableOf([{ head: 'header' }, { head: 'value', width: 80 }], Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))),
    ...rows.slice(0, SHOWN_ROWS).map((row) => JSON.stringify(row)),
    ...(rows.length > SHOWN_ROWS ? [`and ${rows.length - SHOWN_ROWS} more rows`] : []),
    ...(output === undefined ? [] : [`Its bytes are in ${output}.`]),
  ];
  return lines.map(printable).join('\n');
}

function retried(results: readonly RetryResult[], dryRun: boolean): string {
  return results
    .map(({ letter, topic, partition, offset, attempt, code, reason }) =>
      printable(code === null ? `${letter}: ${dryRun ? `would be put back, try ${attempt}` : `put back on ${topic!}/${partition!} @ ${offset!}, try ${attempt}`}` : `${letter}: refused: ${code}: ${reason!}`),
    )
    .join('\n');
}
