import { LinearClassifier } from './linear.ts';
import { modelContract } from './testing/contract.ts';

modelContract('logistic', { width: 4, classes: 2 }, (shape) => new LinearClassifier({ ...shape, learningRate: 0.1 }));
