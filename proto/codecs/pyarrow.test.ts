import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

import { CONTENT_ARROW, SCHEMA, decodeTicks, headersOf, invalidTick } from '#proto';

import { GOLDEN } from '../testing/golden.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PYTHON = process.env['FORETICK_TEST_PYTHON'] ?? 'python3';
const hasPyarrow = spawnSync(PYTHON, ['-c', 'import pyarrow'], { timeout: 30_000 }).status === 0;
const T = 1_742_860_800_000_000;

// Written by pyarrow 26 with proto/testing/write-foreign.py.
test.each(['foreign-ticks.arrow', 'foreign-ticks-dictionary.arrow'])(
  'we read what pyarrow writes: %s, with several batches, other widths of numbers, nulls and unknown columns',
  (file) => {
    const value = Uint8Array.from(readFileSync(here(`../testing/${file}`)));
    const ticks = decodeTicks({ value, headers: headersOf(CONTENT_ARROW, SCHEMA.tick) });
    expect(ticks.source).toBe('pyarrow');
    expect(Array.from(ticks.instrument, (id) => ticks.instruments[id])).toEqual(['py:A', 'py:Å', undefined]);
    expect([...ticks.kind]).toEqual([1, 1, 3]);
    expect([...ticks.eventTime]).toEqual([T, T + 1, T + 2]);
    expect([...ticks.receiptTime]).toEqual([T, T + 5, T + 9]);
    expect([...ticks.price]).toEqual([0.5, 1.25, 0]);
    expect([...ticks.side]).toEqual([-1, 0, 0]);
    expect([0, 1, 2].map((i) => invalidTick(ticks, i))).toEqual([null, null, null]);
  },
);

const READ = `
import json, sys, pyarrow as pa
table = pa.ipc.open_stream(sys.argv[1]).read_all()
table.validate(full=True)
print(json.dumps({"rows": table.num_rows, "metadata": {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()},
  "columns": {name: [str(v) if hasattr(v, "isoformat") else v for v in table[name].to_pylist()] for name in table.column_names}}, default=str))
`;

interface Seen {
  readonly rows: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly columns: Readonly<Record<string, unknown[]>>;
}

function readWithPyarrow(file: string): Seen {
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-c', READ, here(`../golden/${file}`)], { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Seen;
}

(hasPyarrow ? test : test.skip)('pyarrow reads and fully validates every Arrow sample of ours (skipped: python3 has no pyarrow)', () => {
  for (const { file } of GOLDEN.filter((sample) => sample.file.endsWith('.arrow'))) expect(readWithPyarrow(file).rows).toBeGreaterThan(0);
  const features = readWithPyarrow('features.v1.arrow');
  expect(features.metadata).toEqual({ feature_set: 'golden@1', feature_names: '["return_bps","spread_bps"]' });
  expect(features.columns['instrument']).toEqual(['golden:A', 'golden:B', 'golden:A']);
  expect(features.columns['features']).toEqual([[Math.fround(0.1), -2.5], [0, 1e6], [-1e6, Math.fround(1e-30)]]);
  expect(features.columns['event_time']![0]).toBe('2025-03-25 00:00:00.123456+00:00');
  expect(readWithPyarrow('prediction.v1.arrow').columns['probabilities']).toEqual([[0.1, 0.2, 0.7], [0, 0, 0]]);
});
