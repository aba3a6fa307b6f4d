/** All that a server knows, rebuilt from topics. Start one, wait for `loaded`, read from its parts. */
import { setMaxListeners } from 'node:events';

import type { ForetickError, TopicLayout, TopicName } from '#proto';
import type { Queue, QueueRecord } from '#queue';

import { EvaluationsView } from './evaluations.ts';
import { FeaturesView } from './features.ts';
import { Follower } from './follower.ts';
import type { Recent } from './position.ts';
import { PredictionsView, type PredictionsViewOptions } from './predictions.ts';
import { PostsView, aliasesView, cursorsView } from './tables.ts';

export interface ViewsOptions {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly maxStalenessMs: number;
  readonly clock: () => number;
  readonly predictions?: PredictionsViewOptions;
  /** Folds the records of `models`; it may refuse one by throwing. */
  readonly applyModel: (record: QueueRecord) => void;
  readonly onRefused: (error: ForetickError, topic: TopicName, record: QueueRecord) => void;
  readonly onRetry: (error: ForetickError, topic: TopicName, delayMs: number) => void;
}

/** Records of a partition that views of recent things look back over, when they are older than allowed. */
const LOOK_BACK = 256;
/** Beyond this many records behind the end, a view of the newest jumps. */
const KEEP = 2048;

export class Views {
  readonly features = new FeaturesView();
  readonly predictions: PredictionsView;
  readonly evaluations = new EvaluationsView();
  readonly aliases = aliasesView();
  readonly cursors = cursorsView();
  readonly posts = new PostsView();
  readonly followers: readonly Follower[];
  readonly #ended = new AbortController();

  constructor(options: ViewsOptions) {
    // One listener a follower, and one for each of its reads.
    setMaxListeners(0, this.#ended.signal);
    const { queue, layout, clock, maxStalenessMs } = options;
    this.predictions = new PredictionsView(options.predictions);
    const recent: Recent = { ms: maxStalenessMs, records: LOOK_BACK };
    const follow = (
      topic: TopicName,
      from: 'earliest' | Recent,
      apply: (record: QueueRecord) => void,
      keep = Infinity,
    ): Follower =>
      new Follower({
        queue,
        name: topic,
        topic: layout.name(topic),
        from,
        keep,
        apply,
        clock,
        signal: this.#ended.signal,
        onRefused: (error, record) => {
          options.onRefused(error, topic, record);
        },
        onRetry: (error, delayMs) => {
          options.onRetry(error, topic, delayMs);
        },
      });
    const { features, predictions, evaluations, aliases, cursors, posts } = this;
    const newest: Recent = { ms: 0, records: KEEP };
    this.followers = [
      follow('aliases', 'earliest', (record) => { aliases.apply(record); }),
      follow('models', 'earliest', options.applyModel),
      follow('features', recent, (record) => { features.apply(record); }, KEEP),
      follow('predictions', newest, (record) => { predictions.applyPrediction(record); }, KEEP),
      follow('outcomes', newest, (record) => { predictions.applyOutcome(record); }, KEEP),
      follow('evaluations', { ms: 0, records: 20_000 }, (record) => { evaluations.apply(record); }),
      follow('cursors', 'earliest', (record) => { cursors.apply(record); }),
      follow('posts', { ms: 0, records: LOOK_BACK }, (record) => { posts.apply(record); }, KEEP),
    ];
  }

  start(): void {
    for (const follower of this.followers) follower.start();
  }

  /** Resolves when all are loaded to the end that held at start, or `stop` was called. */
  async loaded(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.loaded));
  }

  get ready(): boolean {
    return this.followers.every((follower) => follower.ready);
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.followers.map((follower) => follower.stopped()));
  }
}
