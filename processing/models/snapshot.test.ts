import { expect, test } from '@jest/globals';

import {
  SectionAssembler,
  SnapshotAssembler,
  aboutSection,
  createModel,
  predictRows,
  publishedModel,
  retireRecords,
  section,
  snapshotRecords,
  weightsDigest,
  type AssembledSnapshot,
  type ModelSpec,
  type Sections,
} from '#models';
import { hasCode } from '#proto';

import { examples } from './testing/examples.ts';

const spec: ModelSpec = { name: 'softmax', kind: 'softmax', batch: 4, learningRate: 0.1 };
const shape = { width: 3, classes: 3 };
const classes = ['down', 'flat', 'up'];
const fields = {
  model: 'softmax',
  shard: 0,
  version: 5,
  featureSet: 'x@1',
  features: ['a', 'b', 'c'],
  target: { horizonUs: 1, deadBandBps: 0, classes },
  offset: 9,
  rereadOffset: 7,
  rows: 20,
  outcomes: 18,
  evaluations: 2,
  eventTimeUs: 3,
};

function learned(): ReturnType<typeof createModel> {
  const model = createModel(spec, shape);
  for (let step = 0; step < 5; step++) model.learn(examples(shape, 4, step));
  return model;
}
const sectionsOf = (extra: Sections = {}): Sections => ({
  model: learned().save(),
  about: aboutSection({ spec, classes, instruments: ['x:A', 'x:B'] }),
  ...extra,
});
const large = { ballast: section({}, { noise: Float64Array.from({ length: 200_000 }, (_, i) => Math.sin(i)) }) };

type Written = { key: string; value: Uint8Array | string | null };
const feed = (assembler: SectionAssembler, records: readonly Written[]): AssembledSnapshot[] =>
  records.flatMap(({ key, value }) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const snapshot = assembler.push({ key: Buffer.from(key), value: bytes, headers: {} });
    return snapshot ? [snapshot] : [];
  });
const digests = (sections: Sections): object => Object.fromEntries(Object.entries(sections).map(([name, each]) => [name, weightsDigest(each)]));
const isCorrupt = (run: () => unknown): boolean => {
  try {
    run();
    return false;
  } catch (error) {
    return hasCode(error, 'SNAPSHOT_CORRUPT');
  }
};

test('a snapshot larger than a chunk is cut, and joined again to the same sections', () => {
  const { manifest, records } = snapshotRecords(fields, sectionsOf(large));
  expect(manifest.chunks).toBe(4);
  expect(records.map(({ key }) => key)).toEqual(['0', '1', '2', '3', 'manifest'].map((part) => `softmax/0/5/${part}`));
  for (const { value } of records.slice(0, 4)) expect((value as Uint8Array).length).toBeLessThanOrEqual(512 * 1024);
  const [snapshot] = feed(new SectionAssembler(), records);
  expect(snapshot!.manifest).toEqual(manifest);
  expect(digests(snapshot!.sections)).toEqual(digests(sectionsOf(large)));
});

test('nothing counts before its manifest, which is written last', () => {
  const { records } = snapshotRecords(fields, sectionsOf());
  const assembler = new SectionAssembler();
  expect(feed(assembler, records.slice(0, -1))).toEqual([]);
  expect(feed(assembler, records.slice(-1))).toHaveLength(1);
});

test('a missing, changed or foreign chunk makes a snapshot SNAPSHOT_CORRUPT, and the next one is read all the same', () => {
  const { records } = snapshotRecords(fields, sectionsOf(large));
  const next = snapshotRecords({ ...fields, version: 6 }, sectionsOf()).records;
  const changed = Uint8Array.from(records[1]!.value as Uint8Array);
  changed[1000] = changed[1000]! ^ 1;
  const broken = [
    records.filter((_, i) => i !== 2),
    records.filter((_, i) => i !== 0),
    records.map((record, i) => (i === 1 ? { ...record, value: changed } : record)),
    records.map((record, i) => (i === 1 ? { ...record, value: records[2]!.value } : record)),
    records.slice(-1),
  ];
  for (const [which, some] of broken.entries()) {
    const assembler = new SectionAssembler();
    expect([which, isCorrupt(() => feed(assembler, some))]).toEqual([which, true]);
    expect(feed(assembler, next)).toHaveLength(1);
  }
});

test('a manifest that claims a billion chunks is refused at once', () => {
  const { records } = snapshotRecords(fields, sectionsOf());
  const manifest = JSON.parse(records.at(-1)!.value as string) as object;
  const started = performance.now();
  expect(isCorrupt(() => feed(new SectionAssembler(), [{ key: 'softmax/0/5/manifest', value: JSON.stringify({ ...manifest, chunks: 1e9 }) }]))).toBe(true);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('a key that is none of a snapshot is refused', () => {
  for (const key of ['', 'softmax', 'softmax/0/5']) {
    expect(isCorrupt(() => feed(new SectionAssembler(), [{ key, value: 'x' }]))).toBe(true);
  }
});

test('retiring a version leaves a tombstone for each of its keys, the manifest first', () => {
  const { manifest, records } = snapshotRecords(fields, sectionsOf(large));
  const tombstones = retireRecords(manifest);
  expect(tombstones[0]).toEqual({ key: 'softmax/0/5/manifest', value: null });
  expect(tombstones.map(({ key }) => key).sort()).toEqual(records.map(({ key }) => key).sort());
  expect(tombstones.every(({ value }) => value === null)).toBe(true);
  expect(feed(new SectionAssembler(), [...records.slice(0, -1), ...tombstones])).toEqual([]);
});

test('a published model predicts as the one that was saved, and knows its instruments', () => {
  const assembler = new SnapshotAssembler();
  const { manifest, records } = snapshotRecords(fields, sectionsOf());
  const published = records.map(({ key, value }) => assembler.push({ key: Buffer.from(key), value: Buffer.from(value!), headers: {} })).at(-1)!;
  const rows = examples(shape, 20, 44);
  expect(predictRows(published.model, rows.features, rows.instruments)).toEqual(predictRows(learned(), rows.features, rows.instruments));
  expect(['x:A', 'x:B', 'x:C'].map((name) => published.instrumentId(name))).toEqual([0, 1, -1]);
  expect([published.classNames, published.manifest]).toEqual([classes, manifest]);
});

test('a snapshot without its model, or of a kind this reader does not know, gives a coded error', () => {
  const of = (sections: Sections): AssembledSnapshot => ({ manifest: snapshotRecords(fields, sectionsOf()).manifest, sections });
  const { model: state, about } = sectionsOf() as { model: Sections[string]; about: Sections[string] };
  expect(isCorrupt(() => publishedModel(of({ about })))).toBe(true);
  expect(isCorrupt(() => publishedModel(of({ model: state })))).toBe(true);
  const oracle = aboutSection({ spec: { ...spec, kind: 'oracle' as 'softmax' }, classes, instruments: [] });
  expect(() => publishedModel(of({ model: state, about: oracle }))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('equal weights give equal digests, and one bit makes another', () => {
  const [a, b] = [learned().save(), learned().save()];
  expect(weightsDigest(a)).toBe(weightsDigest(b));
  b.tensors[0]!.data[0] = b.tensors[0]!.data[0]! ^ 1;
  expect(weightsDigest(a)).not.toBe(weightsDigest(b));
});
