/** The operator's commands as they are typed, with a configuration for Kafka, against a broker and processes that run on it; in the order of a shift. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import type { RunResults } from '#app';

import { MAIN, endAll, eventually, foretick, start, type Program } from '../support/program.ts';
import { ROOT, cutRecording, scratchDirectory } from '../support/recording.ts';
import { describeKafka } from './runner/describe.ts';
import { librariesOf } from './runner/libraries.ts';

interface Lags { readonly lags: readonly { readonly group: string; readonly topic: string; readonly committed: number | null; readonly end: number; readonly records: number }[] }
interface Letters { readonly letters: readonly { readonly letter: number; readonly code: string; readonly retried: boolean }[] }
interface Plan { readonly topics: readonly { readonly name: string; readonly state: string; readonly differences: readonly string[] }[]; readonly applied: boolean }

const ROWS = 6_000;
const LONG_MS = 180_000;
const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

describeKafka('the command line on Kafka', ({ brokers, fresh }) => {
  const prefix = `${fresh()}shift`;
  const running: Program[] = [];
  let strict: string;
  let mild: string;
  let url = '';

  /** @returns the path of a configuration */
  const configured = (name: string, { topics = {}, kafka = {}, ...sections }: Record<string, object> = {}): string => {
    const path = join(root.path, `${name}.yaml`);
    const source = { name: 'replay', kind: 'replay', file: join(root.path, `first-${ROWS}.csv`), speed: 'max', laps: 1, times: 'kept' };
    const base = { target: { horizon: '1s' }, sources: [source], training: { evaluate_every: 50, checkpoint_rows: 500 }, serving: { max_staleness: '100000h' } };
    writeFileSync(path, stringify({ queue: { driver: 'kafka', kafka: { brokers: [...brokers()], ...kafka } }, topics: { prefix, partitions: 2, ...topics }, ...base, ...sections }));
    return path;
  };
  const json = async <T>(args: readonly string[], code = 0): Promise<T> => {
    const ended = await foretick([...args, '--json']);
    expect({ args, code: ended.code, stderr: ended.code === code ? '' : ended.stderr }).toEqual({ args, code, stderr: '' });
    return JSON.parse(code === 0 || ended.stdout !== '' ? ended.stdout : ended.stderr) as T;
  };
  const run = async (role: string, config: string): Promise<string> => {
    const ports = role === 'serve' ? ['--http-port', '0', '--grpc-port', '0'] : ['--health-port', '0'];
    const program = start(MAIN, [role, '--config', config, ...ports, '--json']);
    running.push(program);
    let over = false;
    void program.ended.then(() => { over = true; });
    const line = await eventually(`${role} runs`, () => {
      if (over) throw new Error(`${role} has ended: ${program.stderr()}`);
      return /^\{"role".*\n/m.exec(program.stdout())?.[0];
    }, LONG_MS);
    return (JSON.parse(line) as { http: string }).http;
  };
  const stopped = async (): Promise<void> => {
    for (const program of running) program.kill('SIGTERM');
    for (const program of running.splice(0)) {
      const { code, stderr } = await program.ended;
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    }
  };
  const drained = (config: string, groups: readonly string[]): Promise<Lags> =>
    eventually('everything is read', async () => {
      const found = await json<Lags>(['lag', '--config', config]);
      const own = found.lags.filter(({ group }) => groups.some((name) => group.endsWith(name)));
      return own.some(({ topic, end }) => topic === 'quotes' && end > 0) && own.every(({ records, committed, end }) => records === 0 && (committed !== null || end === 0)) ? found : undefined;
    }, LONG_MS);

  beforeAll(() => {
    cutRecording(root.path, ROWS);
    // Some ticks are received later than this after they happened.
    strict = configured('strict', { features: { max_lateness: '20ms' } });
    mild = configured('mild');
  });

  test('topics apply: what would be done, done, nothing left to do; what differs', async () => {
    expect((await json<Plan>(['topics', 'apply', '--dry-run', '--config', strict])).topics.every(({ state }) => state === 'create')).toBe(true);
    const applied = await foretick(['topics', 'apply', '--yes', '--config', strict]);
    expect({ code: applied.code, last: applied.stdout.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: '14 topics were created.' });
    expect((await json<Plan>(['topics', 'apply', '--dry-run', '--config', strict])).topics.every(({ state }) => state === 'same')).toBe(true);
    const replicated = await json<Plan>(['topics', 'apply', '--dry-run', '--config', configured('replicated', { kafka: { replication_factor: 3 } })]);
    expect(replicated.topics.map(({ differences }) => differences)).toEqual(replicated.topics.map(() => ['replicationFactor: 1, configured 3']));
    const wide = await json<Plan>(['topics', 'apply', '--yes', '--config', configured('wide', { topics: { partitions: 3 } })], 1);
    expect(wide.topics.find(({ name }) => name === `${prefix}.quotes.v1`)).toMatchObject({ state: 'differs', differences: ['partitions: 2, configured 3'] });
    const impossible = await json<{ error: { code: string } }>(['topics', 'apply', '--yes', '--config', configured('impossible', { topics: { prefix: `${prefix}-none` }, kafka: { replication_factor: 3 } })], 2);
    expect(impossible.error.code).toBe('CONFIG_INVALID');
  }, LONG_MS);

  test('topics and lag: the names, and every group at the end', async () => {
    await Promise.all(['collect', 'features', 'train'].map((role) => run(role, strict)));
    url = await run('serve', strict);
    const { lags } = await drained(strict, ['features', 'training.softmax', 'training.prior', 'training.persistence']);
    expect(new Set(lags.map(({ group }) => group))).toEqual(new Set(['features', 'training.softmax', 'training.prior', 'training.persistence'].map((name) => `${prefix}.${name}`)));
    const { topics } = await json<{ topics: { name: string; groups: { group: string }[] }[] }>(['topics', '--config', strict]);
    expect(topics.find(({ name }) => name.includes('features'))!.groups.map(({ group }) => group).sort()).toEqual(['training.persistence', 'training.prior', 'training.softmax'].map((name) => `${prefix}.${name}`));
    expect((await foretick(['topics', '--config', strict])).stdout).toContain('quotes');
    expect((await foretick(['lag', '--config', strict])).stdout).toContain('Nothing is left to read.');
  }, 2 * LONG_MS);

  test('tail and models list ask a server', async () => {
    const tailed = await foretick(['tail', 'predictions', '--url', url, '--from', 'earliest', '--no-follow', '-n', '5']);
    expect({ code: tailed.code, stderr: tailed.stderr }).toEqual({ code: 0, stderr: '' });
    const lines = tailed.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { value: { instrument: string } });
    expect(lines).toHaveLength(5);
    expect(lines[0]!.value.instrument).toMatch(/^binance:/);
    const { versions } = await json<{ versions: { model: string; version: number }[] }>(['models', 'list', '--url', url]);
    expect(new Set(versions.map(({ model }) => model))).toEqual(new Set(['softmax', 'prior', 'persistence']));
  }, LONG_MS);

  test('dlq: found, shown, refused, put back', async () => {
    const { letters } = await json<Letters>(['dlq', 'list', '--config', strict, '--code', 'LATE_EVENT', '--topic', 'quotes', '--since', '1h', '-n', '1000']);
    expect(letters.length).toBeGreaterThan(10);
    expect((await foretick(['dlq', 'list', '--config', strict])).stdout).toContain('LATE_EVENT');
    await stopped();
    const letter = String(letters[0]!.letter);
    const bytes = join(root.path, 'letter.bin');
    const shown = await json<{ rows: readonly object[]; value: string }>(['dlq', 'show', letter, '--config', strict, '--output', bytes]);
    expect(shown.rows).toHaveLength(1);
    expect(readFileSync(bytes).toString('base64')).toBe(shown.value);
    expect(await json(['dlq', 'retry', letter, '--config', strict], 1)).toMatchObject({ results: [{ retried: false, code: 'LATE_EVENT' }] });
    expect(await json(['dlq', 'retry', letter, '--dry-run', '--config', mild])).toMatchObject({ results: [{ code: null }] });
    expect(await json(['dlq', 'retry', letter, '--config', mild])).toMatchObject({ results: [{ retried: true, code: null, attempt: 2 }] });
    expect((await json<Letters>(['dlq', 'list', '--config', mild, '-n', '1'])).letters).toMatchObject([{ retried: true }]);
    const { lags } = await json<Lags>(['lag', '--config', mild]);
    expect(lags.filter(({ topic }) => topic === 'quotes').reduce((sum, { records }) => sum + records, 0)).toBe(1);
  }, 2 * LONG_MS);

  test('migrate: refused while there is something to read; then to more partitions, where workers go on', async () => {
    const move = ['migrate', '--to-prefix', `${prefix}-wider`, '--partitions', '3', '--config', mild];
    expect(await json([...move, '--yes'], 1)).toMatchObject({ error: { code: 'NOT_DRAINED' } });
    await run('features', mild);
    await run('train', mild);
    await drained(mild, ['features', 'training.softmax', 'training.prior', 'training.persistence']);
    await stopped();
    expect((await foretick([...move, '--dry-run'])).stdout).toContain('Nothing is in the way');
    const moved = await json<{ topics: { topic: string; rows: number }[] }>([...move, '--yes']);
    expect(moved.topics.find(({ topic }) => topic === 'quotes')!.rows).toBe(ROWS + 1);
    const wider = configured('wider', { topics: { prefix: `${prefix}-wider`, partitions: 3 } });
    await run('features', wider);
    const { lags } = await drained(wider, ['features']);
    expect(lags.filter(({ group, topic }) => group.endsWith('features') && topic === 'quotes')).toHaveLength(3);
    await stopped();
  }, 3 * LONG_MS);

  test('replay: history of the brokers, whole and from a time on, in a directory of its own', async () => {
    type Replayed = RunResults & { replayed: { fromUs: number; toUs: number } };
    const whole = await json<Replayed>(['replay', '--config', mild, '--into', join(root.path, 'whole')]);
    expect(whole.features.rows).toBe(ROWS + 1);
    const middle = Math.round((whole.replayed.fromUs + whole.replayed.toUs) / 2);
    const half = await json<Replayed>(['replay', '--config', mild, '--into', join(root.path, 'half'), '--from', String(middle)]);
    expect(half.replayed.fromUs).toBeGreaterThanOrEqual(middle);
    expect(half.features.rows).toBeGreaterThan(0);
    expect(half.features.rows).toBeLessThan(ROWS);
  }, LONG_MS);

  const page = readFileSync(join(ROOT, 'docs/how-to/kafka.md'), 'utf8');
  const blocks = [...page.matchAll(/^<!-- tested: kafka -->\n```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }));
  const placed = (text: string): string => text.replaceAll('127.0.0.1:9092', brokers()[0]!).replaceAll('foretick.', `${prefix}.`);
  const kcat = spawnSync('kcat', ['-V']).status === 0;

  test.each(blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim()).filter((text) => kcat || !text.startsWith('kcat')))('docs/how-to/kafka.md: %s', (command) => {
    const line = placed(command).replace(/^kafka-console-consumer.sh/, `java -cp '${librariesOf('tools')}/*' org.apache.kafka.tools.consumer.ConsoleConsumer`);
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8', timeout: LONG_MS });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('foretick.v1.');
  }, LONG_MS);
  if (!kcat) test.skip('docs/how-to/kafka.md: kcat (skipped: there is no kcat)', () => undefined);

  const python = process.env['KAFKA_PYTHON'] ?? 'python3';
  const reads = spawnSync(python, ['-c', 'import confluent_kafka, pandas, pyarrow']).status === 0;
  (reads ? test : test.skip)('docs/how-to/kafka.md: pandas (skipped: KAFKA_PYTHON names no Python with confluent_kafka, pandas and pyarrow)', () => {
    const script = join(root.path, 'read.py');
    writeFileSync(script, placed(blocks.find(({ language }) => language === 'python')!.text));
    const { status, stdout, stderr } = spawnSync(python, [script, brokers()[0]!], { encoding: 'utf8', timeout: LONG_MS });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    // Each row once for each of three models.
    expect(Number(/^(\d+) predictions in/.exec(stdout)?.[1]) % 3).toBe(0);
    expect(stdout).toContain('softmax');
  }, LONG_MS);
});
