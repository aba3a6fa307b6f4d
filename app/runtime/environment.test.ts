import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { configSchema } from '../config/schema.ts';
import { sourceEnvironment } from './environment.ts';

const directory = mkdtempSync(join(tmpdir(), 'foretick-environment-'));
afterAll(() => { rmSync(directory, { recursive: true }); });

const environment = (variables: Readonly<Record<string, string | undefined>> = {}, collectors: object = {}) => sourceEnvironment({ config: configSchema.parse({ collectors }), variables });

test('secrets come from the environment or from files, and are taken out of what is printed', async () => {
  const file = join(directory, 'token');
  writeFileSync(file, 'tok-from-file\n');
  const made = environment({ KEY: 'tok-from-env' });
  expect((await made.secret({ env: 'KEY' })).reveal()).toBe('tok-from-env');
  expect((await made.secret({ file })).reveal()).toBe('tok-from-file');
  expect(made.redact('tok-from-file and tok-from-env')).toBe('[secret] and [secret]');
  // A file is read again: keys are changed while the process runs.
  writeFileSync(file, 'tok-another');
  expect((await made.secret({ file })).reveal()).toBe('tok-another');
  await made.close();
});

test('what is not there is named, and nothing else is', async () => {
  const made = environment({ EMPTY: '' });
  await expect(made.secret({ env: 'EMPTY' })).rejects.toMatchObject({ code: 'SECRET_UNREADABLE', message: expect.stringContaining('EMPTY') as unknown });
  await expect(made.secret({ file: join(directory, 'none') })).rejects.toMatchObject({ code: 'SECRET_UNREADABLE', message: expect.stringContaining('none') as unknown });
  await made.close();
  expect(() => environment({}, { ca_file: join(directory, 'none.pem') })).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
});

test('replicas share the caps of vendors', async () => {
  const made = environment({}, { replicas: 4 });
  const limiter = made.limits.of('x', { limit: 4, perMs: 60_000 });
  await limiter.take(new AbortController().signal);
  expect(limiter.wait()).toBeGreaterThan(50_000);
  await made.close();
});
