/**
 * The commands of README and the how-to pages run. What stands in a fence after `<!-- tested -->` is run line by line
 * against a live `foretick up`; Python after `<!-- tested: pandas -->` where FORETICK_TEST_PYTHON names an interpreter with
 * pandas, pyarrow and requests.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { MAIN, endAll, eventually } from './support/program.ts';
import { ROOT, scratchDirectory } from './support/recording.ts';
import { startUp, type LiveUp } from './support/up.ts';

const HOW_TO = join(ROOT, 'docs/how-to');
const pages = ['README.md', ...(existsSync(HOW_TO) ? readdirSync(HOW_TO).filter((name) => name.endsWith('.md')).map((name) => `docs/how-to/${name}`) : [])].filter(
  (page) => existsSync(join(ROOT, page)),
);

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** Blocks right after a comment. */
function blocksOf(page: string, comment: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const pattern = new RegExp(`^<!-- ${comment} -->\\n+\`\`\`(\\w+)\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(pattern)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[1]!,
    text: match[2]!,
  }));
}

/** Logical lines: comments left out, lines that end in a backslash or open a quote joined with the next. */
function commandsOf({ page, line, text }: Block): { name: string; command: string }[] {
  const commands: { name: string; command: string }[] = [];
  let open = '';
  for (const part of text.split('\n')) {
    const whole = open === '' ? part : `${open}\n${part}`;
    open = '';
    if (whole.endsWith('\\') || (whole.match(/'/g) ?? []).length % 2 === 1) open = whole;
    else if (whole.trim() !== '' && !whole.startsWith('#')) commands.push({ name: `${page}:${line}: ${whole}`, command: whole });
  }
  if (open !== '') throw new Error(`${page}:${line}: the block ends within a command`);
  return commands;
}

/** What a test cannot run: it installs, runs for ever, or is the test. */
const LEFT_OUT = /^(npm (ci|start|test|install)\b|git clone\b|(npx foretick|node dist\/app\/main\.js) up\b)/;

const shell = pages.flatMap((page) => blocksOf(page, 'tested').filter(({ language }) => language === 'sh')).flatMap(commandsOf);
const python = pages.flatMap((page) => blocksOf(page, 'tested: pandas').filter(({ language }) => language === 'python'));
const interpreter = process.env['FORETICK_TEST_PYTHON'];

const root = scratchDirectory();
let up: LiveUp;
beforeAll(async () => {
  // Fast enough for labels and evaluations within seconds.
  up = await startUp(join(root.path, 'data'), ['--speed', '5']);
  await eventually('evaluations', async () => {
    const answer = await fetch(`${up.http}/v1/evaluations`);
    return (answer.ok && (await answer.text()).includes('logLoss')) || undefined;
  }, 60_000);
}, 120_000);
afterAll(async () => {
  up.program.kill('SIGTERM');
  await up.program.ended;
  endAll();
  root.remove();
});

/** The addresses of this test in place of the default ones, its directories in place of the reader's. */
function placed(text: string): string {
  return text
    .replaceAll('http://127.0.0.1:8080', up.http)
    .replaceAll('http://localhost:8080', up.http)
    .replaceAll(/(127\.0\.0\.1|localhost):50051/g, up.grpc)
    .replaceAll(/(--data|-d) (\S+)/g, (_, flag: string, path: string) => `${flag} ${join(root.path, path)}`)
    .replaceAll('npx foretick', `node ${MAIN}`)
    .replace(/^((?:\S+=\S+ )*node \S+ tail (?!.*--url).*?)( \||$)/m, (_, tail: string, rest: string) => `${tail} --url ${up.http}${rest}`);
}

function run(file: string, args: readonly string[]): { status: number | null; stderr: string } {
  const { status, stderr, stdout } = spawnSync(file, args, { cwd: ROOT, encoding: 'utf8', timeout: 120_000, maxBuffer: 256 * 1024 * 1024, env: { ...process.env, TMPDIR: root.path } });
  return { status, stderr: status === 0 ? '' : `${stdout.slice(-2000)}\n${stderr}` };
}

test('a command is read as a shell reads it', () => {
  const text = "# first\ncurl -s \\\n  x\n\ncurl -d '{\n}' y\n";
  expect(commandsOf({ page: 'p', line: 1, language: 'sh', text }).map(({ command }) => command)).toEqual(['curl -s \\\n  x', "curl -d '{\n}' y"]);
});

describe('shell', () => {
  const runnable = shell.filter(({ command }) => !LEFT_OUT.test(command));
  if (runnable.length === 0) test.todo('no page has a tested command yet');
  else {
    test.each(runnable.map(({ name, command }) => [name, command] as const))('%s', (_, command) => {
      expect(run('bash', ['-euo', 'pipefail', '-c', placed(command)])).toEqual({ status: 0, stderr: '' });
    }, 150_000);
  }
});

describe('Python', () => {
  if (python.length === 0) return;
  if (interpreter === undefined) {
    test.skip('Python examples: FORETICK_TEST_PYTHON names no interpreter with pandas, pyarrow and requests', () => undefined);
    return;
  }
  test.each(python.map((block) => [`${block.page}:${block.line}`, block.text] as const))('%s', (_, text) => {
    expect(run(interpreter, ['-c', placed(text)])).toEqual({ status: 0, stderr: '' });
  }, 150_000);
});
