import { createHash } from 'node:crypto';
import { asForetickError, fail } from '#proto';
import { exactWindow } from './exact-window.ts';
import type { Feature } from './feature.ts';
import { composedSet, type FeatureSet, type Warmup } from './set.ts';

/** What a file of features may be given, so that it need not import anything. */
export interface FeatureKit {
  readonly exactWindow: typeof exactWindow;
}

/** The exports of a file of features. Anything else it exports is left alone. */
export interface UserFeatures {
  /** The features, or a function that makes them. */
  readonly features: readonly Feature[] | ((kit: FeatureKit) => readonly Feature[]);
  /** Name of the set. @default user */
  readonly name?: string;
  /** Version, raised by hand. @default the file's digest */
  readonly version?: number;
  /** @default that of the set before it, else 60 events and 60 s */
  readonly warmup?: Warmup;
}

export interface LoadOptions {
  /** Text of the file: its digest is the version where the file names none. What the file imports is not in it. */
  readonly source: string;
  /** Columns that come before the user's. @default none */
  readonly base?: FeatureSet;
}

const DIGITS = 12;
const KIT: FeatureKit = Object.freeze({ exactWindow });

/**
 * The feature set of a user's file, of the module that the application imported. Its id is `name@version`, or
 * `name@sha256-…` where the file names no version; behind `base+` with a base. Checks the declarations, not what they
 * do: `checkFeatures` is for that. Throws CONFIG_INVALID, saying which feature and what is wrong.
 */
export function loadUserFeatures(module: unknown, { source, base }: LoadOptions): FeatureSet {
  if (!isRecord(module)) throw refusal('it has no exports');
  const { name = 'user', version, warmup } = module;
  if (typeof name !== 'string') throw refusal('`name` is not a string');
  if (version !== undefined && !(typeof version === 'number' && Number.isSafeInteger(version) && version >= 1)) {
    throw refusal('`version` is not a whole number from 1 on');
  }
  if (warmup !== undefined && !isWarmup(warmup)) throw refusal('`warmup` is not { events, seconds }');
  const features = declared(module['features']);
  return composedSet({
    name,
    version: version ?? `sha256-${createHash('sha256').update(source).digest('hex').slice(0, DIGITS)}`,
    features,
    warmup: warmup ?? base?.warmup ?? { events: 60, seconds: 60 },
    ...(base && { base }),
  });
}

const refusal = (why: string, cause?: unknown): Error => fail('CONFIG_INVALID', `file of features: ${why}`, { cause });

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
const isWarmup = (value: unknown): value is Warmup =>
  isRecord(value) && typeof value['events'] === 'number' && typeof value['seconds'] === 'number';

function declared(exported: unknown): Feature[] {
  const given: unknown = typeof exported === 'function' ? made(() => (exported as (kit: FeatureKit) => unknown)(KIT)) : exported;
  if (!Array.isArray(given)) throw refusal('it exports no `features`: an array, or a function that gives one');
  return given.map((feature: unknown, k) => {
    const why = whatIsWrong(feature);
    if (why !== null) throw refusal(`feature ${isRecord(feature) && isText(feature['name']) ? `'${String(feature['name'])}'` : k + 1}: ${why}`);
    return feature as Feature;
  });
}

function made<T>(make: () => T, what = '`features`'): T {
  try {
    return make();
  } catch (error) {
    throw refusal(`${what} throws: ${asForetickError(error).message}`, error);
  }
}

function whatIsWrong(feature: unknown): string | null {
  if (!isRecord(feature)) return 'it is not an object';
  const { name, unit, doc, width, create } = feature;
  if (!isText(name)) return '`name` is missing';
  if (!isText(unit)) return '`unit` is missing';
  if (!isRecord(doc)) return '`doc` is missing';
  for (const part of ['what', 'formula', 'source']) if (!isText(doc[part])) return `\`doc.${part}\` is missing`;
  if (typeof width !== 'number') return '`width` is not a number';
  if (typeof create !== 'function') return '`create` is not a function';
  const kernel: unknown = made(() => (feature as unknown as Feature).create({ decay: () => 0 }), `\`create\` of '${String(name)}'`);
  if (!isRecord(kernel) || typeof kernel['update'] !== 'function') return '`create` gives no `update` function';
  for (const part of ['init', 'post']) {
    if (kernel[part] !== undefined && typeof kernel[part] !== 'function') return `\`${part}\` is not a function`;
  }
  return null;
}
