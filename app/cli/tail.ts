/** `foretick tail`: records of a topic as JSON lines, from the running process. */
import { InvalidArgumentError, type Command } from 'commander';
import { request } from 'undici';

import { TOPICS, fail } from '#proto';

import { EXIT, reportError, stopSignal, type CliIo } from './io.ts';
import { answerError, withUrlOption } from './remote.ts';

interface TailFlags {
  readonly url: string;
  readonly limit?: number;
  readonly follow: boolean;
  readonly from: string;
  readonly json?: boolean;
}

export function addTail(program: Command, io: CliIo, finish: (code: number) => void): void {
  withUrlOption(program.command('tail'))
    .summary('Follow the records of a topic')
    .description('Show the records of a topic as JSON lines, as they come')
    .argument('<topic>', `one of ${Object.keys(TOPICS).join(', ')}`)
    .option('--from <earliest|latest>', 'where to begin', 'latest')
    .option('-n, --limit <rows>', 'end after this many rows', limitArgument)
    .option('--no-follow', 'end at the end of the topic')
    .option('--json', 'errors as JSON too')
    .addHelpText(
      'after',
      `
Exit codes: 0 ended, 1 nothing answers, 2 wrong use.

Examples:
  $ foretick tail predictions
  $ foretick tail quotes --from earliest --no-follow -n 10
  $ foretick tail evaluations --from earliest --no-follow | jq .logLoss`,
    )
    .action(async (topic: string, flags: TailFlags) => {
      finish(await tail(io, topic, flags));
    });
}

function limitArgument(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('a whole number above 0');
  return limit;
}

async function tail(io: CliIo, topic: string, flags: TailFlags): Promise<number> {
  const stop = stopSignal(io, () => undefined);
  try {
    const url = new URL(`/v1/topics/${encodeURIComponent(topic)}/tail`, flags.url);
    url.searchParams.set('follow', String(flags.follow));
    url.searchParams.set('from', flags.from);
    if (flags.limit !== undefined) url.searchParams.set('limit', String(flags.limit));
    const answer = await request(url, { signal: stop.signal, bodyTimeout: 0 }).catch((cause: unknown) => {
      throw fail('NOT_RUNNING', `nothing answers at ${flags.url}`, { cause });
    });
    if (answer.statusCode !== 200) throw await answerError(answer.body, flags.url);
    for await (const chunk of answer.body) io.stdout.write(chunk as Uint8Array);
    return EXIT.ok;
  } catch (error) {
    return stop.signal.aborted ? EXIT.ok : reportError(io, error, flags.json === true);
  } finally {
    stop.release();
  }
}
