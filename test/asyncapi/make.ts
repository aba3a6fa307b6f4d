/** `npm run generate:asyncapi` writes docs/asyncapi.yaml. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { stringify } from 'yaml';

import { ROOT } from '../support/recording.ts';
import { asyncApi } from './document.ts';
import { jsonSchemasOf, type JsonSchema } from './json-schema.ts';

export const FILE = join(ROOT, 'docs/asyncapi.yaml');

export function makeDocument(): JsonSchema {
  const compiled = execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['build', 'proto', '--as-file-descriptor-set', '-o', '-'], { cwd: ROOT, maxBuffer: 1 << 24 });
  return asyncApi(jsonSchemasOf(compiled));
}

export function written(document: JsonSchema): string {
  return `# What the topics hold. Made by npm run generate:asyncapi; do not edit.\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
