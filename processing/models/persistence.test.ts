import { Persistence } from './baselines.ts';
import { modelContract } from './testing/contract.ts';

modelContract('persistence', { width: 3, classes: 3 }, (shape) => new Persistence(shape));
