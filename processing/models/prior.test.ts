import { ClassPrior } from './baselines.ts';
import { modelContract } from './testing/contract.ts';

modelContract('prior', { width: 3, classes: 3 }, (shape) => new ClassPrior(shape));
