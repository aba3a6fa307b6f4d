import { expect } from '@jest/globals';

import { foretick } from './program.ts';

/** What a command answers with --json, on standard output or, of one that fails, as its error. */
export async function json<T>(args: readonly string[], code = 0): Promise<T> {
  const ended = await foretick([...args, '--json']);
  expect({ args, code: ended.code, stderr: ended.code === code ? '' : ended.stderr }).toEqual({ args, code, stderr: '' });
  return JSON.parse(ended.stdout !== '' ? ended.stdout : ended.stderr) as T;
}
