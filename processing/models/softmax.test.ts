import { LinearClassifier } from './linear.ts';
import { modelContract } from './testing/contract.ts';

modelContract('softmax', { width: 4, classes: 3 }, (shape) => new LinearClassifier({ ...shape, learningRate: 0.1, decaySteps: 100 }));
