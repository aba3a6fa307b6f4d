/** `foretick tail`: records of a topic as JSON lines, from a running process or the queue itself. */
import { InvalidArgumentError, type Command } from 'commander';
import { request } from 'undici';

import { TOPICS, fail } from '#proto';
import { tail } from '#serving';

import { WHERE, inspected } from './inspected.ts';
import { EXIT, reportError, stopSignal, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { addressOf, answerError, withUrlOption } from './remote.ts';

interface TailFlags extends ConfigFlags {
  readonly url: string;
  readonly limit?: number;
  readonly follow: boolean;
  readonly from: StartArgument;
  readonly json?: boolean;
}

type StartArgument = 'earliest' | 'latest' | { readonly time: number };

export function addTail(program: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(withUrlOption(program.command('tail')))
    .summary('Follow the records of a topic')
    .description('Show the records of a topic as JSON lines, as they come')
    .argument('<topic>', `one of ${Object.keys(TOPICS).join(', ')}`)
    .option('-d, --data <directory>', 'look into this directory instead, with --no-follow; it is only read')
    .option('--from <place>', 'where to begin: earliest, latest, or a time of appending (ISO 8601, or milliseconds since the epoch)', startArgument, 'latest' as const)
    .option('-n, --limit <rows>', 'end after this many rows', limitArgument)
    .option('--no-follow', 'end at the end of the topic')
    .option('--json', 'errors as JSON too')
    .addHelpText(
      'after',
      `
${WHERE}

Exit codes: 0 ended, 1 nothing answers, 2 wrong use.

Examples:
  $ foretick tail predictions
  $ foretick tail quotes --from earliest --no-follow -n 10
  $ foretick tail evaluations --from earliest --no-follow | jq .logLoss`,
    )
    .action(async (topic: string, flags: TailFlags, command: Command) => {
      finish(await show(io, topic, flags, command));
    });
}

function startArgument(text: string): StartArgument {
  if (text === 'earliest' || text === 'latest') return text;
  const time = /^\d{1,16}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(time)) throw new InvalidArgumentError('earliest, latest, an ISO 8601 time, or milliseconds since the epoch');
  return { time };
}

function limitArgument(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('a whole number above 0');
  return limit;
}

async function show(io: CliIo, topic: string, flags: TailFlags, command: Command): Promise<number> {
  const stop = stopSignal(io, () => undefined);
  const { from, follow, limit = Number.MAX_SAFE_INTEGER } = flags;
  try {
    if (flags.data !== undefined && follow) throw fail('CONFIG_INVALID', 'a directory is not followed: add --no-follow, or ask its process with --url');
    await inspected(
      io,
      flags,
      command,
      async ({ queue, layout }) => {
        for await (const row of tail(queue, layout, { topic, from, limit, follow, signal: stop.signal })) await written(io, `${JSON.stringify(row)}\n`);
      },
      () => remote(io, topic, flags, stop.signal),
    );
    return EXIT.ok;
  } catch (error) {
    return stop.signal.aborted ? EXIT.ok : reportError(io, error, flags.json === true);
  } finally {
    stop.release();
  }
}

/** A reader that is slow is waited for. */
async function written(io: CliIo, text: string): Promise<void> {
  if (!io.stdout.write(text)) await new Promise<void>((resolve) => io.stdout.once('drain', resolve));
}

async function remote(io: CliIo, topic: string, { url: base, from, follow, limit }: TailFlags, signal: AbortSignal): Promise<void> {
  const url = addressOf(base, `/v1/topics/${encodeURIComponent(topic)}/tail`);
  url.searchParams.set('follow', String(follow));
  url.searchParams.set('from', typeof from === 'string' ? from : String(from.time));
  if (limit !== undefined) url.searchParams.set('limit', String(limit));
  const answer = await request(url, { signal, bodyTimeout: 0 }).catch((cause: unknown) => {
    throw fail('NOT_RUNNING', `nothing answers at ${base}`, { cause });
  });
  if (answer.statusCode !== 200) throw await answerError(answer.body, base);
  for await (const chunk of answer.body) io.stdout.write(chunk as Uint8Array);
}
