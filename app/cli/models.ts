/** `foretick models`: the versions that are held, and what one of them has learned. */
import { InvalidArgumentError, type Command } from 'commander';
import { Evaluation, decodeJson, type TopicLayout } from '#proto';
import { heldVersions, versionDetails, type HeldVersion, type VersionDetails } from '#serving';
import type { QueueReader } from '#queue/embedded';

import { WHERE, inspected } from './inspected.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { getJson, withUrlOption } from './remote.ts';
import { count, printable, size, tableOf, time } from './table.ts';

interface ModelsFlags extends ConfigFlags {
  readonly url: string;
  readonly version?: number;
  readonly json?: boolean;
}

type Shown = VersionDetails & { readonly evaluation: Evaluation | null };

export function addModels(program: Command, io: CliIo, finish: (code: number) => void): void {
  const models = program.command('models').summary('Versions held, and their weights').description('List the versions of models that are held, or look into one');
  const answer = async (flags: ModelsFlags, show: () => Promise<string>): Promise<void> => {
    try {
      print(io, await show());
      finish(EXIT.ok);
    } catch (error) {
      finish(reportError(io, error, flags.json === true));
    }
  };
  const looking = (name: string): Command => withConfigOptions(withUrlOption(models.command(name))).option('-d, --data <directory>', 'look into this directory instead; it is only read');
  looking('list')
    .description('List the versions that are held, with what they have learned from and their digests')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
${WHERE}

Exit codes: 0 shown, 1 nothing answers, 2 wrong use.

Examples:
  $ foretick models list
  $ foretick models list --json`,
    )
    .action((flags: ModelsFlags, command: Command) =>
      answer(flags, async () => {
        const versions = await inspected(
          io,
          flags,
          command,
          ({ queue, layout }) => heldVersions(queue, layout),
          async () => (await getJson<{ versions: HeldVersion[] }>(flags.url, '/v1/versions')).versions,
        );
        if (flags.json === true) return JSON.stringify({ versions }, null, 2);
        return versions.length === 0 ? 'No version is published yet: the first comes with the first checkpoint.' : list(versions);
      }),
    );
  looking('show')
    .description('Show one version: options, classes, scores so far and, of linear models, the largest weights')
    .argument('<model>', 'a model, or an alias such as champion')
    .option('--version <n>', 'learning steps behind it (default: the newest)', versionArgument)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Weights are of standardised features (mean 0, variance 1): the larger, the more a usual move of that feature counts. A
positive one makes its class more likely. Scores are of the model over all its versions.

${WHERE}

Exit codes: 0 shown, 1 nothing answers or no such version, 2 wrong use.

Examples:
  $ foretick models show champion
  $ foretick models show softmax --json`,
    )
    .action((model: string, flags: ModelsFlags, command: Command) =>
      answer(flags, async () => {
        const query = flags.version === undefined ? '' : `?version=${flags.version}`;
        const shown = await inspected<Shown>(
          io,
          flags,
          command,
          async ({ queue, layout }) => {
            const found = await versionDetails(queue, layout, model, flags.version);
            return { ...found, evaluation: await newestScores(queue, layout, found.model) };
          },
          () => getJson<Shown>(flags.url, `/v1/models/${encodeURIComponent(model)}${query}`),
        );
        return flags.json === true ? JSON.stringify(shown, null, 2) : details(shown);
      }),
    );
}

function versionArgument(text: string): number {
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 0) throw new InvalidArgumentError('a whole number from 0 on');
  return version;
}

/** The newest evaluation of a model over all its outcomes. */
async function newestScores(queue: QueueReader, layout: TopicLayout, model: string): Promise<Evaluation | null> {
  let newest: Evaluation | null = null;
  for await (const { records } of queue.read({ topic: layout.name('evaluations'), from: 'earliest', toEnd: true })) {
    for (const { value } of records) {
      const evaluation = value === null ? null : decodeJson(value, Evaluation);
      if (evaluation?.model === model && evaluation.scope === 'total') newest = evaluation;
    }
  }
  return newest;
}

const right = 'right' as const;

function list(versions: readonly HeldVersion[]): string {
  return tableOf(
    [{ head: 'model' }, { head: 'version', align: right }, { head: 'published' }, { head: 'rows', align: right }, { head: 'outcomes', align: right }, { head: 'features' }, { head: 'size', align: right }, { head: 'weights sha256' }, { head: 'alias' }],
    versions.map((one) => [
      one.shard === 0 ? one.model : `${one.model}/${one.shard}`,
      count(one.version),
      time(one.publishedAt),
      count(one.rows),
      count(one.outcomes),
      one.featureSet,
      size(one.bytes),
      one.weightsSha256.slice(0, 16),
      one.aliases.join(', '),
    ]),
  );
}

function details({ evaluation, weights, ...shown }: Shown): string {
  const options = Object.entries(shown.options).filter(([name]) => name !== 'name' && name !== 'kind');
  const lines: [string, string][] = [
    ['model', `${shown.model} (${shown.kind})${shown.aliases.length > 0 ? `, answers to ${shown.aliases.join(', ')}` : ''}`],
    ['version', `${count(shown.version)} learning steps, published ${time(shown.publishedAt)}`],
    ['learned from', `${count(shown.outcomes)} outcomes of ${count(shown.rows)} rows of ${shown.featureSet}`],
    ['options', options.map(([name, value]) => `${name} ${String(value)}`).join(', ')],
    ['classes', shown.classes.join(', ')],
    ['instruments', shown.instruments.join(', ') || 'none yet'],
    ['weights', `sha256 ${shown.weightsSha256}, ${size(shown.bytes)} with state`],
    ['scores', evaluation === null ? 'no evaluation yet' : scores(evaluation)],
  ];
  const text = lines.map(([label, value]) => `${label.padEnd(14)}${printable(value)}`).join('\n');
  if (weights === null) return text;
  const most = Math.max(0, ...weights.map(({ weights: own }) => own.length));
  const rows = Array.from({ length: most }, (_row, i) => weights.flatMap(({ weights: own }) => [own[i]?.feature ?? '', own[i]?.weight.toFixed(4) ?? '']));
  const columns = weights.flatMap(({ className }) => [{ head: className }, { head: 'weight', align: right }]);
  return `${text}\n${tableOf(columns, [...rows, weights.flatMap(({ bias }) => ['(bias)', bias.toFixed(4)])])}`;
}

function scores({ outcomes, logLoss, accuracy, brier, calibrationError }: Evaluation): string {
  return `log loss ${logLoss.toFixed(4)}, accuracy ${accuracy.toFixed(4)}, Brier ${brier.toFixed(4)}, calibration error ${calibrationError.toFixed(4)} over ${count(outcomes)} outcomes`;
}
