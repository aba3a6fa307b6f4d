import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { defaultFeatures } from '#features';
import { hasCode } from '#proto';

import { configSchema } from '../config/schema.ts';
import { packageRoot } from '../package.ts';
import { featureSetOf } from './features.ts';

const directory = mkdtempSync(join(tmpdir(), 'foretick-features-'));
afterAll(() => { rmSync(directory, { recursive: true }); });
const setOf = (features: object) => featureSetOf(configSchema.parse({ features }));

test('the set of the configuration, alone or with the columns of a file behind it', async () => {
  expect((await setOf({})).id).toBe('default@2');
  expect((await setOf({ set: 'default@1' })).names).toHaveLength(15);
  const own = await setOf({ file: join(packageRoot, 'examples/features/reversal.js') });
  expect(own.id).toBe('default@2+reversal@1');
  expect(own.names).toEqual([...defaultFeatures.names, 'trade_bounce_5s_bps', 'below_high_1min_bps']);
});

test('a file that is not there, does not run or declares nothing is refused', async () => {
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const codes = await Promise.all(
    [join(directory, 'none.mjs'), file('throws.mjs', 'throw new Error("no");'), file('empty.mjs', 'export const features = [];')].map((path) =>
      setOf({ file: path }).then(
        () => 'accepted',
        (error: unknown) => (['FILE_UNREADABLE', 'CONFIG_INVALID'] as const).find((code) => hasCode(error, code)),
      ),
    ),
  );
  expect(codes).toEqual(['FILE_UNREADABLE', 'FILE_UNREADABLE', 'CONFIG_INVALID']);
});
