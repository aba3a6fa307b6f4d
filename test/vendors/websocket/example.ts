/** The sources of examples/generic.yaml, led to a stand-in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { ROOT } from '../../support/recording.ts';

const { sources } = parse(readFileSync(join(ROOT, 'examples/generic.yaml'), 'utf8')) as { sources: Record<string, unknown>[] };

export function exampleSettings(name: string, more: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const all = sources.find((one) => one['name'] === name)!;
  const settings = Object.entries(all).filter(([key]) => !['name', 'kind', 'instruments'].includes(key));
  return { ...Object.fromEntries(settings), ...more, allow_plain_text: true };
}
