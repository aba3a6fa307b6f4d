/**
 * The models that answer, by name and shard. Fed the `models` topic by a follower, off the request path; a
 * request sees one reference, the old or the new one. A snapshot that cannot be used is refused, by throwing,
 * and the one before it stays.
 */
import { fail, type Alias } from '#proto';
import type { PublishedModel } from '#models';
import type { QueueRecord } from '#queue';

/** What `#models` offers: fed records in order, gives a model when a manifest completes one. */
export interface Assembler {
  push(record: QueueRecord): PublishedModel | null;
}

export interface LoadedModel {
  readonly published: PublishedModel;
  /** When the queue took its manifest, milliseconds of wall clock. */
  readonly publishedAt: number;
}

export interface ModelStoreOptions {
  readonly assembler: Assembler;
  readonly aliases: { get(alias: string): Alias | undefined; entries(): Iterable<[string, Alias]> };
  /** A model's name counts as known, though it has no weights yet. */
  readonly isKnown: (name: string) => boolean;
  readonly onSwitched?: (model: LoadedModel) => void;
}

export const DEFAULT_ALIAS = 'champion';

export class ModelStore {
  readonly #options: ModelStoreOptions;
  readonly #models = new Map<string, LoadedModel[]>();

  constructor(options: ModelStoreOptions) {
    this.#options = options;
  }

  apply(record: QueueRecord): void {
    const published = this.#options.assembler.push(record);
    if (published === null) return;
    const { manifest } = published;
    const shards = this.#models.get(manifest.model) ?? [];
    const current = shards[manifest.shard];
    if (current && current.published.manifest.version > manifest.version) return; // Sent again after a failure.
    warmUp(published);
    const loaded = { published, publishedAt: record.timestamp };
    shards[manifest.shard] = loaded;
    this.#models.set(manifest.model, shards);
    this.#options.onSwitched?.(loaded);
  }

  /** The model that a name or an alias stands for; empty: `champion`. UNKNOWN_MODEL, MODEL_NOT_READY. */
  resolve(name: string): string {
    const wanted = name === '' ? DEFAULT_ALIAS : name;
    const alias = this.#options.aliases.get(wanted);
    if (alias && alias.champion !== '') return alias.champion;
    if (this.#models.has(wanted) || this.#options.isKnown(wanted)) return wanted;
    if (wanted === DEFAULT_ALIAS) throw fail('MODEL_NOT_READY', 'no model is champion yet');
    throw fail('UNKNOWN_MODEL', `no model and no alias is called ${JSON.stringify(wanted.slice(0, 200))}`);
  }

  /** Weights for a name or an alias. UNKNOWN_MODEL, MODEL_NOT_READY. */
  get(name: string, shard: number): LoadedModel {
    const model = this.resolve(name);
    const loaded = this.#models.get(model)?.[shard];
    if (!loaded) throw fail('MODEL_NOT_READY', `model ${model} has no published weights yet`);
    return loaded;
  }

  /** One for each model: that of its lowest shard. */
  loaded(): LoadedModel[] {
    return [...this.#models.values()].map((shards) => shards.find(Boolean)!);
  }

  find(model: string): LoadedModel | undefined {
    return this.#models.get(model)?.find(Boolean);
  }

  /** Aliases under which a model answers. */
  aliasesOf(model: string): string[] {
    return [...this.#options.aliases.entries()].filter(([, alias]) => alias.champion === model).map(([name]) => name);
  }

  /** Every name that `resolve` takes for a model or a challenger, with or without weights. */
  names(): string[] {
    const names = new Set(this.#models.keys());
    for (const [, alias] of this.#options.aliases.entries()) {
      if (alias.champion !== '') names.add(alias.champion);
      for (const challenger of alias.challengers) names.add(challenger);
    }
    return [...names].sort();
  }
}

/** The first call compiles and touches the weights, and shows what a digest cannot: that they can predict. */
function warmUp({ manifest, model, classNames }: PublishedModel): void {
  if (model.width !== manifest.features.length || model.classes !== classNames.length) {
    throw fail('SNAPSHOT_CORRUPT', `${manifest.model}@${manifest.version}: ${model.width} weights a class for ${manifest.features.length} features`);
  }
  const out = new Float64Array(model.classes);
  model.predictRow(new Float32Array(model.width), 0, -1, out, 0);
  const sum = out.reduce((total, p) => total + p, 0);
  if (!(Math.abs(sum - 1) < 1e-6)) {
    throw fail('SNAPSHOT_CORRUPT', `${manifest.model}@${manifest.version} predicts ${Array.from(out).join(', ')} for a row of zeros`);
  }
}
