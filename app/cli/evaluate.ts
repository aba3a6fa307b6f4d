/** `foretick evaluate`: test-then-train over a table of one's own. */
import { InvalidArgumentError, Option, type Command } from 'commander';

import { defaultModel, evaluate } from '../evaluate/evaluate.ts';
import { splitModels, type Task } from '../evaluate/models.ts';
import { planTable } from '../evaluate/table.ts';
import { evaluationText } from '../evaluate/text.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';

interface EvaluateFlags {
  readonly target: string;
  readonly models?: readonly string[];
  readonly delay: number;
  readonly window?: number;
  readonly drop: readonly string[];
  readonly task?: Task;
  readonly positive?: string;
  readonly last: number;
  readonly json?: boolean;
}

const list = (text: string): string[] => text.split(',').map((each) => each.trim()).filter((each) => each !== '');

export function addEvaluate(program: Command, io: CliIo, finish: (code: number) => void): void {
  program
    .command('evaluate')
    .summary('Score models on a table of your own')
    .description('How good are models on a table of your own? Each row is predicted before its label is learned')
    .argument('<file>', 'CSV or NDJSON, plain or gzip; rows in order of time')
    .requiredOption('-t, --target <column>', 'what is predicted')
    .option('-m, --models <list>', 'with commas between (default: linear, logistic or softmax)', splitModels)
    .option('--delay <n>', 'a label is known when that many more rows have come', wholeFrom(0), 0)
    .option('--window <n>', 'rows of a window (default: a twentieth, at least 100)', wholeFrom(1))
    .option('--drop <columns>', 'not to learn from, with commas between', list, [])
    .addOption(new Option('--task <task>', 'left out: by what the target holds').choices(['classification', 'regression']))
    .option('--positive <value>', 'of two classes, the one that F1 and ROC AUC are about (default: the last in order)')
    .option('--last <n>', 'windows shown', wholeFrom(0), 5)
    .option('--json', 'everything as JSON')
    .addHelpText(
      'after',
      `
Models: softmax and logistic for classes, linear for numbers; in brackets an optimizer (sgd, adagrad, ftrl, adam) and settings:
rate (0.01), intercept_rate (0.01), l2 (0), l1 (ftrl), decay (sgd), clip (deviations; none), batch (1 row a step). Features are
standardised as they come. Two baselines always run beside: prior and persistence (the last class), or mean and last (value).
Intervals take into account that neighbouring rows are alike. Scores are defined as scikit-learn defines them.

Exit codes: 0 done, 1 a row cannot be read, 2 wrong use.

Examples:
  $ foretick evaluate examples/tables/phishing.csv.gz --target is_phishing --models 'logistic(rate=0.005),logistic(adam)'
  $ foretick evaluate prices.csv --target next_return --delay 5 --models 'linear(ftrl,rate=0.1,l1=0.01)' --json`,
    )
    .action(async (file: string, flags: EvaluateFlags) => {
      finish(await run(io, file, flags));
    });
}

function wholeFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`a whole number from ${least} on`);
    return value;
  };
}

async function run(io: CliIo, file: string, flags: EvaluateFlags): Promise<number> {
  const { target, drop, task, positive, delay, last, json = false } = flags;
  try {
    const table = await planTable({ file, target, drop, task, positive });
    const evaluation = await evaluate({
      table,
      models: flags.models ?? [defaultModel(table)],
      delay,
      window: flags.window ?? Math.max(100, Math.ceil(table.rows / 20)),
    });
    // What cannot be said is NaN, for which JSON has null.
    print(io, json ? JSON.stringify(evaluation, null, 2) : evaluationText(evaluation, last));
    return EXIT.ok;
  } catch (error) {
    return reportError(io, error, json);
  }
}
