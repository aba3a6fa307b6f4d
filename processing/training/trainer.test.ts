import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { createModel, weightsDigest } from '#models';
import { Trainer, type TrainerOptions } from '#processing';
import { hasCode } from '#proto';

import { referenceTrainer, type Row } from './testing/reference.ts';
import { WIDTH, collect, noResult, record, records, run, someRows, trainerOptions } from './testing/rows.ts';

const KINDS = [['prior', 3], ['persistence', 3], ['softmax', 3], ['logistic', 2]] as const;

function reference(rows: readonly Row[], { spec, target, evaluateEvery }: TrainerOptions): ReturnType<typeof referenceTrainer> {
  const model = createModel(spec, { width: WIDTH, classes: target.classes });
  return referenceTrainer(rows, model, { ...target, batch: spec.batch, evaluateEvery });
}
const weights = (trainer: Trainer): string => weightsDigest(trainer.model.save());
/** All that later rows depend on. */
const everything = (trainer: Trainer): string[] =>
  Object.entries(trainer.save()).map(([name, section]) => `${name} ${weightsDigest(section)}`).sort();

test.each(KINDS)('%s: predictions, outcomes and evaluations are those of the definition', (kind, classes) => {
  const options = trainerOptions(kind, classes);
  let expired = 0;
  let steps = 0;
  fc.assert(
    fc.property(someRows(), (rows) => {
      const trainer = new Trainer(options);
      const got = run(trainer, records(rows));
      expect(got).toEqual(reference(rows, options));
      expired += got.outcomes.filter(({ label }) => label === -1).length;
      steps += trainer.model.step;
    }),
    { numRuns: 60 },
  );
  // The streams must have put the definition to the test.
  expect(expired).toBeGreaterThan(10);
  expect(steps).toBeGreaterThan(50);
});

test('where records are cut changes nothing: not an output, not a bit of the weights', () => {
  const options = trainerOptions('softmax');
  fc.assert(
    fc.property(someRows(), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (rows, sizes) => {
      const [a, b] = [new Trainer(options), new Trainer(options)];
      const cut = records(rows, (i) => sizes[i % sizes.length]!);
      expect(run(b, cut)).toEqual(run(a, records(rows)));
      expect(weights(b)).toBe(weights(a));
    }),
    { numRuns: 60 },
  );
});

test.each(KINDS)('%s: saved at any row, restored and refilled, it gives the rest of the same outputs and weights', (kind, classes) => {
  const options = trainerOptions(kind, classes);
  fc.assert(
    fc.property(someRows(), fc.nat(), fc.integer({ min: 1, max: 5 }), (rows, stop, size) => {
      const input = records(rows, () => size);
      const at = stop % (input.length + 1);
      const whole = new Trainer(options);
      const first = new Trainer(options);
      const expected = run(whole, input);
      const before = run(first, input.slice(0, at));
      const second = new Trainer(options);
      const from = first.rereadOffset(at);
      second.restore(structuredClone(first.save()));
      for (const rowsAgain of input.slice(from, at)) second.refill(rowsAgain);
      expect([first.complete, second.complete, whole.complete]).toEqual([true, true, true]);
      expect(second.open).toBe(first.open);
      expect(run(second, input.slice(at), at, before)).toEqual(expected);
      expect(everything(second)).toEqual(everything(whole));
      expect(second.metrics()).toEqual(whole.metrics());
    }),
    { numRuns: 40 },
  );
});

test('a restored trainer without its rows says that it is not complete, and rows that are gone are POSITION_EXPIRED', () => {
  const options = trainerOptions('prior');
  const rows: Row[] = [0, 1, 2].map((i) => ({ source: 'features/0', ordinal: i, instrument: 'x:A', eventTime: 1e15 + i, price: 1, warm: 1, values: [i, i] }));
  const first = new Trainer(options);
  run(first, records(rows));
  const second = new Trainer(options);
  second.restore(first.save());
  expect([second.complete, second.open, first.rereadOffset(3)]).toEqual([false, 3, 0]);
  expect(() => { second.refill(record(rows.slice(1))); }).toThrow(expect.objectContaining({ code: 'POSITION_EXPIRED' }));
});

test('rows that were seen are dropped by their ordinal, in whole records and in parts of them', () => {
  const options = trainerOptions('softmax');
  fc.assert(
    fc.property(someRows(), fc.infiniteStream(fc.nat(6)), (rows, stream) => {
      const own = rows.filter(({ source }) => source === 'features/0');
      if (own.length === 0) return;
      const [a, b] = [new Trainer(options), new Trainer(options)];
      const repeated = noResult();
      for (let i = 0; i < own.length; i++) {
        const back = Math.max(0, i - (stream.next().value as number));
        collect(b.process(record(own.slice(back, i + 1)), i), repeated);
      }
      expect(repeated).toEqual(run(a, records(own)));
      expect(weights(b)).toBe(weights(a));
    }),
    { numRuns: 40 },
  );
});

test('no look-ahead: changing, adding or dropping rows after row k changes no prediction up to k', () => {
  const options = trainerOptions('softmax');
  fc.assert(
    fc.property(someRows(), someRows(), fc.nat(), (rows, others, pick) => {
      const k = pick % rows.length;
      const kept = rows.slice(0, k + 1);
      const next = new Map<string, number>();
      for (const { source, ordinal } of kept) next.set(source, ordinal + 1);
      const rest = others.map((row) => {
        const ordinal = next.get(row.source) ?? 0;
        next.set(row.source, ordinal + 1);
        return { ...row, ordinal };
      });
      const upTo = (all: readonly Row[]): unknown => run(new Trainer(options), records(all)).predictions.slice(0, k + 1);
      expect(upTo([...kept, ...rest])).toEqual(upTo(rows));
    }),
    { numRuns: 60 },
  );
});

test('rows of another feature set are FEATURE_SET_MISMATCH, and change nothing', () => {
  const trainer = new Trainer(trainerOptions('softmax'));
  const [row] = fc.sample(someRows(1), { numRuns: 1, seed: 1 })[0]!;
  const before = everything(trainer);
  for (const wrong of [record([row!], 'other@1'), { ...record([row!]), names: ['a'] }]) {
    let thrown: unknown;
    try {
      trainer.process(wrong, 0);
    } catch (error) {
      thrown = error;
    }
    expect(hasCode(thrown, 'FEATURE_SET_MISMATCH')).toBe(true);
  }
  expect(everything(trainer)).toEqual(before);
});

test('a snapshot of another shape or with parts missing is SNAPSHOT_CORRUPT', () => {
  const first = new Trainer(trainerOptions('softmax'));
  run(first, records(fc.sample(someRows(80), { numRuns: 3, seed: 5 }).at(-1)!));
  const sections = first.save();
  for (const name of Object.keys(sections).filter((each) => each !== 'about')) {
    const rest = Object.fromEntries(Object.entries(sections).filter(([other]) => other !== name));
    expect(() => { new Trainer(trainerOptions('softmax')).restore(rest); }).toThrow(expect.objectContaining({ code: 'SNAPSHOT_CORRUPT' }));
  }
  const small = { ...trainerOptions('softmax'), spec: { ...trainerOptions('softmax').spec, batch: 1 } };
  const waiting = Array.from({ length: 30 }, (_, i) => {
    run(first, [record([{ source: 'features/9', ordinal: i, instrument: 'x:Z', eventTime: 1.8e15 + i * 1e6, price: 1, warm: 1, values: [0, 0] }])]);
    return first.save();
  });
  const partial = waiting.find(({ batch }) => !batch!.document.includes('"length":0'))!;
  expect(() => { new Trainer(small).restore(partial); }).toThrow(expect.objectContaining({ code: 'SNAPSHOT_CORRUPT' }));
});

test('a target that makes no sense is CONFIG_INVALID', () => {
  const options = trainerOptions('softmax');
  for (const change of [{ horizonUs: 0 }, { deadBandBps: -1 }, { toleranceUs: 0 }, { horizonUs: Number.NaN }]) {
    expect(() => new Trainer({ ...options, target: { ...options.target, ...change } })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  }
});
