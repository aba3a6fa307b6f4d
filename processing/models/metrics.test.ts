import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ClassificationMetrics, topClass, weightsDigest, type MetricValues } from '#models';

type Outcome = { p: number[]; label: number };

const outcome = (classes: number): fc.Arbitrary<Outcome> =>
  fc.record({
    p: fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: classes, maxLength: classes }).map((w) => {
      const sum = w.reduce((a, b) => a + b, 0);
      return w.map((x) => x / sum);
    }),
    label: fc.nat(classes - 1),
  });

/** The definitions, one by one, over all outcomes. */
function naive(outcomes: readonly Outcome[], classes: number): Omit<MetricValues, 'expired' | 'abstained'> {
  const n = Math.max(1, outcomes.length);
  const top = ({ p }: Outcome): number => p.indexOf(Math.max(...p));
  const mean = (f: (o: Outcome) => number): number => outcomes.reduce((sum, o) => sum + f(o), 0) / n;
  const calibration = Array.from({ length: 10 }, (_, bin) => {
    const own = outcomes.filter((o) => Math.min(9, Math.floor(Math.max(...o.p) * 10)) === bin);
    return { count: own.length, sumProbability: own.reduce((sum, o) => sum + Math.max(...o.p), 0), hits: own.filter((o) => top(o) === o.label).length };
  });
  return {
    outcomes: outcomes.length,
    logLoss: mean((o) => -Math.log(o.p[o.label]!)),
    accuracy: mean((o) => (top(o) === o.label ? 1 : 0)),
    brier: mean((o) => o.p.reduce((sum, p, c) => sum + (p - (c === o.label ? 1 : 0)) ** 2, 0)),
    calibrationError: calibration.reduce((sum, { count, sumProbability, hits }) => sum + (count === 0 ? 0 : (count / n) * Math.abs(sumProbability / count - hits / count)), 0),
    confusion: Array.from({ length: classes * classes }, (_, cell) => outcomes.filter((o) => o.label === Math.floor(cell / classes) && top(o) === cell % classes).length),
    calibration,
  };
}

const close = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, x: unknown) => (typeof x === 'number' ? Number(x.toPrecision(9)) : x)));

const series = fc.constantFrom(2, 3).chain((classes) => fc.record({ classes: fc.constant(classes), outcomes: fc.array(outcome(classes), { maxLength: 60 }) }));

test('every metric is its definition over all outcomes', () => {
  fc.assert(
    fc.property(series, fc.nat(9), fc.nat(9), ({ classes, outcomes }, expired, abstained) => {
      const metrics = new ClassificationMetrics(classes);
      for (const { p, label } of outcomes) expect(metrics.add(Float64Array.of(9, ...p), 1, label)).toBe(-Math.log(p[label]!));
      for (let i = 0; i < expired; i++) metrics.expire();
      for (let i = 0; i < abstained; i++) metrics.abstain();
      const { expired: e, abstained: a, ...values } = metrics.values();
      expect([e, a]).toEqual([expired, abstained]);
      expect(close(values)).toEqual(close(naive(outcomes, classes)));
    }),
  );
});

test('a restored window goes on bit for bit, and reset empties it', () => {
  const [a, b] = [new ClassificationMetrics(3), new ClassificationMetrics(3)];
  const all = fc.sample(outcome(3), { numRuns: 40, seed: 3 });
  for (const { p, label } of all.slice(0, 25)) a.add(Float64Array.from(p), 0, label);
  a.expire();
  b.restore(a.save());
  for (const metrics of [a, b]) for (const { p, label } of all.slice(25)) metrics.add(Float64Array.from(p), 0, label);
  expect(b.values()).toEqual(a.values());
  b.reset();
  expect(weightsDigest(b.save())).toBe(weightsDigest(new ClassificationMetrics(3).save()));
});

test('the lowest index wins among equal probabilities', () => {
  expect(topClass(Float64Array.of(0, 0.4, 0.2, 0.4), 1, 3)).toBe(0);
});
