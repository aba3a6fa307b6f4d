/** One picture of everything, for the page: put together at most a few times a second, shared by all viewers. */
import { BASELINES } from '#models';
import type { Evaluation, Outcome } from '#proto';

import type { ModelStore } from './models/store.ts';
import { DEFAULT_ALIAS } from './models/store.ts';
import type { InstrumentRow } from './views/features.ts';
import type { RecentPrediction } from './views/predictions.ts';
import type { Views } from './views/views.ts';

export interface OverviewOptions {
  readonly views: Views;
  readonly models: ModelStore;
  readonly maxStalenessMs: number;
  readonly clock: () => number;
  readonly draining: () => boolean;
  /** Anything the application wants shown; passed on as it is. */
  readonly status?: (() => unknown) | undefined;
}

const FRESH_MS = 200;

export class OverviewBuilder {
  readonly #options: OverviewOptions;
  #builtAt = -Infinity;
  #json = '{}';

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  json(): string {
    const now = performance.now();
    if (now - this.#builtAt >= FRESH_MS) {
      this.#json = JSON.stringify(this.#build(this.#options.clock()));
      this.#builtAt = now;
    }
    return this.#json;
  }

  #build(now: number): unknown {
    const { views, models, draining, status } = this.#options;
    const cursors = [...views.cursors.entries()].map(([, cursor]) => cursor);
    // Only recordings have laps; how many rows one holds is known after its first.
    const recordings = cursors.filter((cursor) => cursor.lap > 0);
    const finished = recordings.length > 0 && recordings.every((cursor) => cursor.finished);
    let champion = '';
    try {
      champion = models.resolve(DEFAULT_ALIAS);
    } catch {
      champion = ''; // None yet; the page says so.
    }
    return {
      nowMs: now,
      state: draining() ? 'draining' : !views.ready ? 'loading' : finished ? 'finished' : recordings.length > 0 ? 'replaying' : 'live',
      connected: views.followers.every((follower) => follower.connected),
      lap: Math.max(0, ...recordings.map((cursor) => cursor.lap)),
      sources: cursors.map(({ source, rows, row, lap, published, finished }) => ({ source, rows, row, lap, published, finished })),
      posts: { count: views.posts.count, synthetic: views.posts.synthetic },
      rows: views.features.written,
      champion,
      maxStalenessMs: this.#options.maxStalenessMs,
      instruments: views.features.all().map((row) => this.#instrument(row, champion, now)),
      models: this.#models(now, champion),
      feed: views.predictions.settled.of(champion).map(({ outcome, appendedAt }) => this.#settled(outcome, now - appendedAt)),
      ...(status && { status: status() }),
    };
  }

  #instrument(row: InstrumentRow, champion: string, now: number): unknown {
    const newest = this.#options.views.predictions.newest(row.instrument, champion);
    const prices = row.trail.prices;
    return {
      instrument: row.instrument,
      price: row.price,
      bid: row.bid,
      ask: row.ask,
      warm: row.warm,
      eventTimeUs: row.eventTime,
      ageMs: Math.max(0, now - row.appendedAt),
      rows: row.rows,
      trail: prices.slice(-120),
      prediction: newest ? this.#entry(newest, now) : null,
    };
  }

  #entry({ prediction, appendedAt, outcome }: RecentPrediction, now: number): unknown {
    const { instrument, model, version, eventTimeUs, dueTimeUs, price, probabilities, abstained } = prediction;
    return {
      instrument,
      model,
      version,
      eventTimeUs,
      // The clock that a prediction is due by may be ahead of its row; the horizon is what the model was made for.
      horizonUs: this.#options.models.find(model)?.published.manifest.target?.horizonUs ?? dueTimeUs - eventTimeUs,
      price,
      probabilities,
      classes: classesOf(this.#options.models, model, probabilities.length),
      abstained,
      ageMs: Math.max(0, now - appendedAt),
      outcome: outcome ? { label: outcome.label, returnBps: outcome.returnBps, logLoss: outcome.logLoss, expired: outcome.expired } : null,
    };
  }

  #settled(outcome: Outcome, ageMs: number): unknown {
    const { instrument, model, version, eventTimeUs, dueTimeUs, probabilities, label, returnBps, logLoss, expired } = outcome;
    return {
      instrument,
      model,
      version,
      eventTimeUs,
      dueTimeUs,
      probabilities,
      classes: classesOf(this.#options.models, model, probabilities.length),
      ageMs: Math.max(0, ageMs),
      outcome: { label, returnBps, logLoss, expired },
    };
  }

  #models(now: number, champion: string): unknown[] {
    const { views, models } = this.#options;
    const names = new Set([...models.names(), ...views.evaluations.models(), ...views.predictions.models()]);
    const baselines = new Set(BASELINES.map(({ name }) => name));
    const losses = [...baselines].map((name) => views.evaluations.newest(name, 'total')).filter(scored).map(({ logLoss }) => logLoss);
    const toBeat = losses.length > 0 ? Math.min(...losses) : null;
    const best = [...names]
      .map((name) => views.evaluations.newest(name, 'total'))
      .filter(scored)
      .sort((a, b) => a.logLoss - b.logLoss)[0]?.model;
    return [...names].sort().map((name) => {
      const loaded = models.find(name);
      const total = views.evaluations.newest(name, 'total');
      const window = views.evaluations.newest(name, 'window');
      return {
        name,
        aliases: models.aliasesOf(name),
        champion: name === champion,
        baseline: baselines.has(name),
        best: name === best,
        version: loaded?.published.manifest.version ?? null,
        ageMs: loaded ? Math.max(0, now - loaded.publishedAt) : null,
        total: total ? summary(total) : null,
        window: window ? summary(window) : null,
        toBestBaseline: scored(total) && toBeat !== null ? total.logLoss - toBeat : null,
      };
    });
  }
}

function scored(evaluation: Evaluation | undefined): evaluation is Evaluation {
  return evaluation !== undefined && evaluation.outcomes > 0;
}

function summary(evaluation: Evaluation): unknown {
  const { outcomes, expired, abstained, logLoss, accuracy, brier, calibrationError, toTimeUs } = evaluation;
  return { outcomes, expired, abstained, logLoss, accuracy, brier, calibrationError, toTimeUs };
}

/** Class names of a model, from its weights; else those of the default targets. */
export function classesOf(models: ModelStore, model: string, count: number): readonly string[] {
  const names = models.find(model)?.published.classNames;
  if (names && names.length > 0) return names;
  return count === 2 ? ['down', 'up'] : ['down', 'flat', 'up'];
}
