/** `foretick evaluate` as a person runs it: River's accuracies, delays, regression, and tables that cannot be used. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { foretick } from './support/program.ts';
import { ROOT, scratchDirectory } from './support/recording.ts';

const root = scratchDirectory();
afterAll(() => { root.remove(); });

const PHISHING = join(ROOT, 'examples/tables/phishing.csv.gz');
const ELEC2 = join(ROOT, '../shared/data/tests-only/elec2_8feat_up1.csv.gz');
const LOGISTIC = 'logistic(rate=0.005)';

const inRoot = (name: string, content: string): string => {
  const path = join(root.path, name);
  writeFileSync(path, content);
  return path;
};

interface Parsed {
  readonly task: string;
  readonly baseline: string;
  readonly classes: string[];
  readonly models: { model: string; baseline: boolean; scores: Record<string, { value: number | null; low: number | null; high: number | null }>; windows: { from: number; to: number }[] }[];
}

async function evaluated(args: readonly string[]): Promise<Parsed> {
  const { code, stdout, stderr } = await foretick(['evaluate', ...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Parsed;
}

const valueOf = ({ models }: Parsed, model: string, score: string): number => models.find((each) => each.model === model)!.scores[score]!.value!;

/* River 0.26.1: evaluate.progressive_val_score(dataset, preprocessing.StandardScaler() | linear_model.LogisticRegression(optim.SGD(0.005)), metrics.Accuracy()) */
test("Phishing: River's accuracy to all digits, and its last class", async () => {
  const evaluation = await evaluated([PHISHING, '--target', 'is_phishing', '--models', LOGISTIC]);
  expect(valueOf(evaluation, LOGISTIC, 'accuracy')).toBe(0.8872);
  expect(Math.abs(valueOf(evaluation, 'persistence', 'accuracy') - 0.515612)).toBeLessThan(1.5 / 1250);
  expect(evaluation).toMatchObject({ task: 'classification', classes: ['0', '1'], baseline: 'prior' });
});

(existsSync(ELEC2) ? test : test.skip)("Elec2: River's accuracy to all digits (skipped: ../shared/data/tests-only is absent)", async () => {
  const evaluation = await evaluated([ELEC2, '--target', 'up', '--models', LOGISTIC]);
  expect(valueOf(evaluation, LOGISTIC, 'accuracy')).toBeCloseTo(0.8221442443502824, 12);
  expect(Math.abs(valueOf(evaluation, 'persistence', 'accuracy') - 0.853303)).toBeLessThan(1.5 / 45_312);
  expect(evaluation.models[0]!.windows).toHaveLength(20);
});

/* River 0.26.1: the same with progressive_val_score(…, delay=2 | 10 | 100) */
test.each([[2, 0.8864], [10, 0.8816], [100, 0.8608]])("labels that are known %d rows later: River's accuracy", async (delay, accuracy) => {
  expect(valueOf(await evaluated([PHISHING, '--target', 'is_phishing', '--models', LOGISTIC, '--delay', String(delay)]), LOGISTIC, 'accuracy')).toBe(accuracy);
});

test('a numeric target is a regression; the report says whether there is skill', async () => {
  const rows = Array.from({ length: 600 }, (_, i) => [Math.sin(i), (i * 37) % 11, 2 * Math.sin(i) - ((i * 37) % 11) + 0.5 * Math.cos(7 * i)].join());
  const file = inRoot('line.csv', `a,b,y\n${rows.join('\n')}\n`);
  const evaluation = await evaluated([file, '--target', 'y', '--models', 'linear(adagrad,rate=0.5)']);
  expect(evaluation.task).toBe('regression');
  expect(Object.keys(evaluation.models[0]!.scores)).toEqual(['mae', 'rmse', 'r2']);
  const text = await foretick(['evaluate', file, '--target', 'y', '--models', 'linear(adagrad,rate=0.5)']);
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/linear\(adagrad,rate=0\.5\) shows skill: squared error -\d/);
  const coin = await foretick(['evaluate', inRoot('coin.csv', `x,y\n${Array.from({ length: 400 }, (_, i) => `${(i * 29) % 7},${(i * i * 31) % 17 > 8 ? 'up' : 'down'}`).join('\n')}\n`), '--target', 'y', '--models', 'logistic(rate=0.001)']);
  expect(coin.stdout).toMatch(/logistic\(rate=0\.001\) (shows no skill|is worse than doing without it)/);
});

test('the positive class can be named, NDJSON is read, booleans are features', async () => {
  const lines = Array.from({ length: 200 }, (_, i) => JSON.stringify({ x: i % 5, flag: i % 2 === 0, side: i % 5 < 2 ? 'buy' : 'sell', note: 'n' }));
  const file = inRoot('sides.ndjson', `${lines.join('\n')}\n`);
  const buy = await evaluated([file, '-t', 'side', '--drop', 'note', '--positive', 'buy']);
  const sell = await evaluated([file, '-t', 'side', '--drop', 'note']);
  expect([buy.classes, sell.classes]).toEqual([['sell', 'buy'], ['buy', 'sell']]);
  expect(valueOf(buy, 'logistic', 'rocAuc')).toBeCloseTo(valueOf(sell, 'logistic', 'rocAuc'), 6);
  expect(valueOf(buy, 'logistic', 'f1')).not.toBe(valueOf(sell, 'logistic', 'f1'));
});

describe('what cannot be evaluated is refused with what to do', () => {
  const small = (): string => inRoot('small.csv', 'a,b,y\n1,2,0\n3,4,1\n5,6,0\n');
  const cases: [string, () => string[], string, string][] = [
    ['no such column', () => [small(), '-t', 'z'], 'CONFIG_INVALID', "no column 'z'; there are a, b, y"],
    ['no such file', () => [join(root.path, 'none.csv'), '-t', 'y'], 'FILE_UNREADABLE', 'none.csv'],
    ['text among the features', () => [inRoot('text.csv', 'a,b,y\n1,x,0\n2,y,1\n'), '-t', 'y'], 'MALFORMED_RECORD', "row 1: 'b' is 'x', no number that can be learned from; --drop b leaves the column out"],
    ['an empty feature', () => [inRoot('empty.csv', 'a,b,y\n1,2,0\n,2,1\n'), '-t', 'y'], 'MALFORMED_RECORD', "row 2: 'a' is empty"],
    ['a number beyond float32', () => [inRoot('huge.csv', 'a,y\n1e300,0\n1,1\n'), '-t', 'y'], 'MALFORMED_RECORD', 'row 1'],
    ['an empty target', () => [inRoot('target.csv', 'a,y\n1,0\n1,\n'), '-t', 'y'], 'MALFORMED_RECORD', "row 2: 'y' is empty"],
    ['a ragged row', () => [inRoot('ragged.csv', 'a,y\n1,0\n1,2,3\n'), '-t', 'y'], 'MALFORMED_RECORD', 'row 2: 3 fields instead of 2'],
    ['one class only', () => [inRoot('one.csv', 'a,y\n1,0\n2,0\n'), '-t', 'y'], 'CONFIG_INVALID', 'nothing to tell apart'],
    ['no rows', () => [inRoot('none-at-all.csv', 'a,y\n'), '-t', 'y'], 'UNKNOWN_FORMAT', 'no rows'],
    ['two columns of one name', () => [inRoot('twice.csv', 'a,a,y\n1,2,0\n'), '-t', 'y'], 'UNKNOWN_FORMAT', "two columns named 'a'"],
    ['nothing to learn from', () => [small(), '-t', 'y', '--drop', 'a,b'], 'CONFIG_INVALID', 'no columns left'],
    ['an unknown model', () => [small(), '-t', 'y', '-m', 'oracle'], 'CONFIG_INVALID', 'there are'],
    ['an unknown setting', () => [small(), '-t', 'y', '-m', 'logistic(speed=3)'], 'CONFIG_INVALID', "'speed=3' is no optimizer"],
    ['a rate that is no number', () => [small(), '-t', 'y', '-m', 'logistic(rate=fast)'], 'CONFIG_INVALID', 'rate cannot be fast'],
    ['a regression of text', () => [inRoot('names.csv', 'a,y\n1,x\n2,z\n'), '-t', 'y', '--task', 'regression'], 'CONFIG_INVALID', 'not numeric'],
    ['a positive class that never comes', () => [small(), '-t', 'y', '--positive', '7'], 'CONFIG_INVALID', "never '7'"],
  ];
  test.each(cases)('%s', async (_, args, code, message) => {
    const { code: exit, stdout, stderr } = await foretick(['evaluate', ...args(), '--json']);
    expect(stdout).toBe('');
    expect(exit).toBe(code === 'MALFORMED_RECORD' ? 1 : 2);
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
  });
});
