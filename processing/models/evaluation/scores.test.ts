import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ClassificationScorer, regressionScores, type ClassifiedRows } from '#models';

const N = 60;
/** Probabilities in tenths, so that there are many ties. */
const binary: ClassifiedRows = {
  classes: 2,
  length: N,
  probabilities: Float64Array.from({ length: 2 * N }, (_, k) => {
    const p = Math.round(10 * (0.5 + 0.45 * Math.sin(1.7 * Math.floor(k / 2)))) / 10;
    return k % 2 === 1 ? p : 1 - p;
  }),
  labels: Uint8Array.from({ length: N }, (_, i) => ((7 * i) % 5 < 2 ? 1 : 0)),
};
const three: ClassifiedRows = {
  classes: 3,
  length: N,
  probabilities: Float64Array.from({ length: 3 * N }, (_, k) => {
    const row = [0, 1, 2].map((c) => 2 + Math.sin(Math.floor(k / 3) + c * 2.1));
    return row[k % 3]! / (row[0]! + row[1]! + row[2]!);
  }),
  labels: Uint8Array.from({ length: N }, (_, i) => (i * i + Math.floor(i / 3)) % 3),
};

/*
 * Made with scikit-learn 1.9.1 of p, y (and q, z) as above:
 *   t = (p > 0.5).astype(int)
 *   [accuracy_score(y, t), balanced_accuracy_score(y, t), f1_score(y, t), roc_auc_score(y, p), log_loss(y, np.c_[1-p, p]), brier_score_loss(y, p)]
 *   s = q.argmax(1)
 *   [accuracy_score(z, s), balanced_accuracy_score(z, s), f1_score(z, s, average='macro'), roc_auc_score(z, q, multi_class='ovr'), log_loss(z, q),
 *    np.mean(((q - np.eye(3)[z])**2).sum(1))]
 */
test.each([
  ['two classes', binary, [0.48333333333333334, 0.4722222222222222, 0.39215686274509803, 0.49537037037037035, 0.9736152993524548, 0.3471666666666666]],
  ['three classes', three, [0.35, 0.34899749373433586, 0.3472431077694235, 0.5096846680752329, 1.1579448388300058, 0.7035008919314532]],
])("%s: scores are scikit-learn's", (_, rows, expected) => {
  const { accuracy, balancedAccuracy, f1, rocAuc, logLoss, brier } = new ClassificationScorer(rows).scores();
  [accuracy, balancedAccuracy, f1, rocAuc, logLoss, brier].forEach((value, i) => { expect(value).toBeCloseTo(expected[i]!, 12); });
});

/* scikit-learn 1.9.1: mean_absolute_error(a, b), mean_squared_error(a, b)**.5, r2_score(a, b) */
test("regression scores are scikit-learn's", () => {
  const targets = Float64Array.from({ length: N }, (_, i) => Math.sin(1.3 * i) * 10);
  const predictions = targets.map((target, i) => target + Math.cos(2.9 * i) * 3);
  const { mae, rmse, r2 } = regressionScores({ length: N, targets, predictions });
  [[mae, 1.8979986230791446], [rmse, 2.113241564590693], [r2, 0.9104262128615523]].forEach(([value, expected]) => { expect(value).toBeCloseTo(expected!, 12); });
});

test('calibration error by hand: two rows 0.8 sure, one of them right, and one 0.6 sure and right', () => {
  const rows: ClassifiedRows = { classes: 2, length: 3, probabilities: Float64Array.of(0.2, 0.8, 0.8, 0.2, 0.4, 0.6), labels: Uint8Array.of(1, 1, 1) };
  expect(new ClassificationScorer(rows).scores().calibrationError).toBeCloseTo((Math.abs(1.6 - 1) + Math.abs(0.6 - 1)) / 3, 12);
});

test('a row that counts k times is that row k times', () => {
  const shape = fc.array(fc.record({ p: fc.double({ min: 0.01, max: 0.99, noNaN: true }), label: fc.nat(1), times: fc.nat(3) }), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(shape, (list) => {
      fc.pre(list.some(({ times }) => times > 0));
      const rowsOf = (all: readonly { p: number; label: number }[]): ClassifiedRows => ({
        classes: 2, length: all.length, probabilities: Float64Array.from(all.flatMap(({ p }) => [1 - p, p])), labels: Uint8Array.from(all, ({ label }) => label),
      });
      const weighted = new ClassificationScorer(rowsOf(list)).scores(Uint32Array.from(list, ({ times }) => times));
      const repeated = new ClassificationScorer(rowsOf(list.flatMap((row) => Array.from({ length: row.times }, () => row)))).scores();
      for (const name of Object.keys(weighted) as (keyof typeof weighted)[]) {
        const apart = Number.isNaN(repeated[name]) ? Number(!Number.isNaN(weighted[name])) : Math.abs(weighted[name] - repeated[name]);
        expect([name, apart < 1e-9]).toEqual([name, true]);
      }
    }),
  );
});

test('where a class never came true there is no ROC AUC, and no score is made up', () => {
  const rows = { ...binary, labels: new Uint8Array(N) };
  const { rocAuc, balancedAccuracy, f1 } = new ClassificationScorer(rows).scores();
  expect(Number.isNaN(rocAuc)).toBe(true);
  expect(balancedAccuracy).toBe(new ClassificationScorer(rows).scores().accuracy);
  expect(f1).toBe(0);
});
