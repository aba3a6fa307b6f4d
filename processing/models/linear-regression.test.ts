import { expect, test } from '@jest/globals';

import { OPTIMIZERS, createRegressor, regressionScores, regressorRun, type RegressorSpec } from '#models';

import { LinearRegression } from './linear-regression.ts';
import { regressorContract, targets } from './testing/regressor-contract.ts';

for (const optimizer of OPTIMIZERS) regressorContract(`linear regression by ${optimizer}`, 3, (width) => new LinearRegression({ width, optimizer, learningRate: 0.01 }));
regressorContract('mean', 3, (width) => createRegressor({ kind: 'mean' }, width));
regressorContract('last', 3, (width) => createRegressor({ kind: 'last' }, width));

test('it learns a line on features of any scale', () => {
  const model = new LinearRegression({ width: 3, learningRate: 0.02 });
  for (let step = 0; step < 1000; step++) model.learn(targets(3, 16, step));
  const probe = targets(3, 200, 9999);
  const errors = Array.from(probe.targets, (target, i) => Math.abs(model.predictRow(probe.features, 3 * i) - target));
  // The noise is uniform in [0, 1): no line is nearer than 0.25 on average.
  expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(0.6);
});

/*
 * Made with River 0.26.1:
 *   def rows():
 *       for i in range(400):
 *           x = {'a': math.sin(0.7*i), 'b': math.cos(1.9*i)*10, 'c': float(i%7)}
 *           yield x, 3*x['a'] - 0.2*x['b'] + x['c'] + math.sin(5.3*i)
 *   for o in [optim.SGD(0.01), optim.AdaGrad(0.5), optim.Adam(0.05)]:
 *       m = preprocessing.StandardScaler() | linear_model.LinearRegression(o)
 *       for x, y in rows(): p = m.predict_one(x); mae.update(y, p); rmse.update(y, p); m.learn_one(x, y)
 */
test.each([
  ['sgd', 0.01, 0.9171208387073624, 1.308007339415363],
  ['adagrad', 0.5, 0.8437052857049785, 1.0970545515821915],
  ['adam', 0.05, 0.9998581865081504, 1.4382568116539098],
] as const)('%s goes the way of River', (optimizer, learningRate, mae, rmse) => {
  const spec: RegressorSpec = { kind: 'linear', optimizer, learningRate, l2: 0, interceptRate: 0.01, maxDeviations: Number.POSITIVE_INFINITY };
  const run = regressorRun(createRegressor(spec, 3), { delay: 0, batch: 1 });
  for (let i = 0; i < 400; i++) {
    const x = [Math.sin(0.7 * i), Math.cos(1.9 * i) * 10, i % 7];
    run.push(Float32Array.from(x), 3 * x[0]! - 0.2 * x[1]! + x[2]! + Math.sin(5.3 * i));
  }
  const scores = regressionScores(run.result());
  expect(Math.abs(scores.mae - mae)).toBeLessThan(1e-6);
  expect(Math.abs(scores.rmse - rmse)).toBeLessThan(1e-6);
});
