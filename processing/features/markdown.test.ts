import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { featuresMarkdown, defaultFeatures } from '#features';
import { REGENERATE } from './markdown.ts';

test(`docs/features.md is current (make it again: ${REGENERATE})`, () => {
  const page = featuresMarkdown(defaultFeatures);
  if (process.env['FORETICK_WRITE_DOCS'] !== undefined) writeFileSync('docs/features.md', page);
  expect(readFileSync('docs/features.md', 'utf8')).toBe(page);
});

test('a row of the table has as many cells as its head', () => {
  const rows = featuresMarkdown(defaultFeatures).split('\n').filter((line) => /^\| \d+ /.test(line));
  expect(rows).toHaveLength(defaultFeatures.names.length);
  for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(7);
});
