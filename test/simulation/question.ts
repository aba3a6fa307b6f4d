/** What the pipelines of the simulation are asked, and who answers. */
import { BASELINES, type ModelSpec } from '#models';

export const SPECS: readonly ModelSpec[] = [{ name: 'softmax', kind: 'softmax', batch: 4, learningRate: 0.1 }, ...BASELINES];
export const TARGET = { horizonUs: 2e6, deadBandBps: 0.1, classes: 3, toleranceUs: 20e6 } as const;
