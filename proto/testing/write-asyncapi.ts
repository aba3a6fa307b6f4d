/** Writes `docs/asyncapi.yaml`: `npm run generate:asyncapi`. */
import { readFileSync, writeFileSync } from 'node:fs';

import { asyncApiYaml } from './asyncapi.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
writeFileSync('docs/asyncapi.yaml', asyncApiYaml(version));
