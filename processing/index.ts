export { Trainer, type TrainerOptions, type TrainerOutput } from './training/trainer.ts';
export { classNames, labelOf, type TargetOptions } from './training/target.ts';
export { FeatureFold, type FoldOptions } from './workers/feature-fold.ts';
export { tickInput, postInput, type FeatureInput } from './workers/feature-input.ts';
export { Merge, type MergePosition, type MergeRecord } from './workers/merge.ts';
export { silentObserver, type WorkerObserver } from './workers/observer.ts';
export { groupNames, startFeatureWorker, startTrainingWorker, type WorkerEvents } from './workers/start.ts';
export { trainingTaskName } from './workers/training-task.ts';
