/** Workers as members of their consumer groups. */
import type { TopicLayout } from '#proto';
import type { GroupOptions, Membership, Queue } from '#queue';

import { featureTask, type FeatureTaskOptions } from './feature-task.ts';
import type { WorkerObserver } from './observer.ts';
import { trainingTask, type TrainingTaskOptions } from './training-task.ts';

/** What becomes of a worker whose task fails. */
export type WorkerEvents = Pick<GroupOptions, 'onFailure' | 'onRetry'>;

export const groupNames = {
  features: (layout: TopicLayout): string => `${layout.prefix}.features`,
  training: (layout: TopicLayout, model: string): string => `${layout.prefix}.training.${model}`,
};

/** A task of its own observer for each partition. */
type Observed<T extends { observer: WorkerObserver }> = Omit<T, 'observer'> & {
  readonly observer: (partition: number) => WorkerObserver;
};

export function startFeatureWorker(options: Observed<FeatureTaskOptions> & WorkerEvents): Promise<Membership> {
  const { queue, layout, observer, ...rest } = options;
  return join(queue, options, {
    group: groupNames.features(layout),
    topics: [layout.name('quotes'), layout.name('posts')],
    createTask: (partition) => featureTask({ ...rest, queue, layout, observer: observer(partition) }, partition),
  });
}

export function startTrainingWorker(options: Observed<TrainingTaskOptions> & WorkerEvents): Promise<Membership> {
  const { queue, layout, observer, ...rest } = options;
  return join(queue, options, {
    group: groupNames.training(layout, options.spec.name),
    topics: [layout.name('features')],
    createTask: (shard) => trainingTask({ ...rest, queue, layout, observer: observer(shard) }, shard),
  });
}

function join(queue: Queue, events: WorkerEvents, group: Pick<GroupOptions, 'group' | 'topics' | 'createTask'>): Promise<Membership> {
  return queue.join({
    ...group,
    start: 'earliest',
    onFailure: events.onFailure,
    ...(events.onRetry && { onRetry: events.onRetry }),
  });
}
