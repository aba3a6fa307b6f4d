import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

import { ERROR_CODES, ForetickError, asForetickError, fail, hasCode, type ErrorCode } from '#proto';

import { errorsMarkdown } from './testing/errors-markdown.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const page = read('../docs/errors.md');
const source = read('errors.ts');
const codes = Object.keys(ERROR_CODES) as ErrorCode[];

test('every code is documented in docs/errors.md, and every code documented there exists', () => {
  const documented = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect([...documented].sort()).toEqual([...codes].sort());
});

test('docs/errors.md is what the table says (npm run build && node dist/proto/testing/write-errors-doc.js makes it)', () => {
  expect(page).toBe(errorsMarkdown(source));
});

test('every status is one that gRPC and HTTP have, and every text a sentence', () => {
  for (const code of codes) {
    const { grpc, http, meaning, remedy } = ERROR_CODES[code];
    expect(page).not.toContain(`| ${grpc} | ${http} |`); // Named, not a number.
    expect(http).toBeGreaterThanOrEqual(400);
    expect(http).toBeLessThan(600);
    for (const sentence of [meaning, remedy]) expect([code, sentence]).toEqual([code, expect.stringMatching(/^[A-Z].*\.$/)]);
  }
});

test('what is the caller’s fault is not retriable; what is unavailable says 503', () => {
  for (const code of codes) {
    const { grpc, http, retriable } = ERROR_CODES[code];
    if (http === 400 || http === 404 || http === 413 || http === 415) expect([code, retriable]).toEqual([code, false]);
    if (grpc === 14) expect([code, http]).toEqual([code, 503]);
  }
});

test('an error carries code, details, cause and whether to try again', () => {
  const cause = new Error('disk');
  const error = fail('DISK_FULL', 'no space', { details: { free: 0 }, cause });
  expect([error.code, error.message, error.details, error.cause, error.retriable]).toEqual(['DISK_FULL', 'no space', { free: 0 }, cause, true]);
  expect(hasCode(error, 'DISK_FULL')).toBe(true);
  expect(hasCode(error, 'INTERNAL')).toBe(false);
  expect(hasCode(new Error('DISK_FULL'), 'DISK_FULL')).toBe(false);
});

test('anything thrown becomes a coded error that carries it as its cause, a coded one stays itself', () => {
  const coded = fail('FENCED', 'gone');
  expect(asForetickError(coded)).toBe(coded);
  for (const thrown of [new TypeError('x'), 'text', undefined, null, 7]) {
    const error = asForetickError(thrown);
    expect(error).toBeInstanceOf(ForetickError);
    expect([error.code, error.cause]).toEqual(['INTERNAL', thrown]);
  }
});
