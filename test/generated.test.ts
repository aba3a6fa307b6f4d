import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUF = join(ROOT, 'node_modules/.bin/buf');
const buf = (args: readonly string[]) => spawnSync(BUF, args, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
const runs = buf(['--version']).status === 0;

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(folder, file)).isFile());
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

(runs ? test : test.skip)('proto/gen is what npm run generate makes of the .proto files (skipped: buf does not run here)', () => {
  const out = mkdtempSync(join(tmpdir(), 'foretick-gen-'));
  try {
    const { status, stderr } = buf(['generate', 'proto', '--output', out]);
    expect([status, stderr]).toEqual([0, '']);
    expect(spawnSync(process.execPath, [join(ROOT, 'proto/descriptors.mjs'), join(out, 'proto/gen')], { encoding: 'utf8', timeout: 60_000 }).stderr).toBe('');
    const [made, kept] = [contents(join(out, 'proto/gen')), contents(join(ROOT, 'proto/gen'))];
    expect(Object.keys(kept)).toEqual(Object.keys(made));
    for (const [file, text] of Object.entries(made)) expect([file, kept[file] === text]).toEqual([file, true]);
  } finally {
    rmSync(out, { recursive: true });
  }
});

(runs ? test : test.skip)('the .proto files pass buf lint, but for names the design chose (skipped: buf does not run here)', () => {
  const { stdout } = buf(['lint', 'proto']);
  expect(stdout.split('\n').filter((line) => line !== '')).toEqual([]);
});
