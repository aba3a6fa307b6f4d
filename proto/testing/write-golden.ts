/**
 * Writes the golden samples that are missing in `proto/golden/`; those that are there stay as they are, for ever.
 *
 *     npm run build && node dist/proto/testing/write-golden.js
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { GOLDEN } from './golden.ts';

const folder = 'proto/golden';
mkdirSync(folder, { recursive: true });
for (const { file, bytes } of GOLDEN) {
  try {
    writeFileSync(join(folder, file), bytes(), { flag: 'wx' });
    process.stdout.write(`${file}: written\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
