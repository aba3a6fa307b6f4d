/** Sources of a user's own: what a file declares, checked before anything is made of it. */
import { z } from 'zod';

import { fail } from '#proto';

import type { SourceKind } from './kind.ts';
import * as kit from './kit.ts';
import { SOURCE_KINDS } from './sources/registry.ts';

/** Given to a file whose `source` is a function: all of `foretick/sources`. */
export type SourceKit = typeof kit;

const KIND = /^[a-z0-9][a-z0-9._-]*$/;
const DOC = ['title', 'gives', 'keys', 'limits', 'gaps', 'licence'] as const;
/** Each source has them, whatever its kind. */
const RESERVED = ['name', 'kind'];

/**
 * The kind that a module exports as `source`: what `defineSource` returns, or a function that is given the kit and returns it.
 * Its options are those of another copy of the package or of zod where it has its own: they only have to look alike.
 *
 * @throws CONFIG_INVALID when it exports none that can be used
 */
export function userSource(module: unknown): SourceKind {
  const given = (module as { readonly source?: unknown } | null)?.source;
  if (given === undefined) throw fail('CONFIG_INVALID', 'it exports no `source`');
  const made: unknown = typeof given === 'function' ? (given as (kit: SourceKit) => unknown)(kit) : given;
  const why = misfit(made);
  if (why !== null) throw fail('CONFIG_INVALID', why);
  return made as SourceKind;
}

/** Why it is no kind of source; null when it is one. */
function misfit(made: unknown): string | null {
  if (typeof made !== 'object' || made === null) return '`source` is not what defineSource returns';
  const { kind, doc, options, create, subscribing } = made as Partial<Record<keyof SourceKind, unknown>>;
  if (typeof kind !== 'string' || !KIND.test(kind)) return '`kind` is made of lower-case letters, digits, dot, dash and underscore';
  if (kind === 'replay' || SOURCE_KINDS.some((one) => one.kind === kind)) return `a source of kind ${kind} ships: take another name`;
  if (typeof create !== 'function') return `${kind}: \`create\` is not a function`;
  const { instrument } = (subscribing ?? { instrument: () => '' }) as { readonly instrument?: unknown };
  if (typeof instrument !== 'function') return `${kind}: \`subscribing\` has no function \`instrument\``;
  const texts = (doc ?? {}) as Readonly<Record<string, unknown>>;
  const untold = DOC.find((key) => typeof texts[key] !== 'string' || texts[key] === '');
  if (untold !== undefined) return `${kind}: \`doc.${untold}\` is missing: what there is to know stands in foretick sources`;
  return misfitOptions(kind, options);
}

function misfitOptions(kind: string, options: unknown): string | null {
  const shape = (options as { readonly shape?: unknown } | null | undefined)?.shape;
  if (typeof shape !== 'object' || shape === null) return `${kind}: \`options\` is not a zod object`;
  const reserved = RESERVED.find((key) => key in shape);
  if (reserved !== undefined) return `${kind}: an option cannot be called ${reserved}: every source has that key`;
  let properties: Readonly<Record<string, { readonly description?: unknown } | undefined>>;
  try {
    ({ properties = {} } = z.toJSONSchema(options as z.ZodObject, { io: 'input' }) as { properties?: typeof properties });
  } catch (error) {
    return `${kind}: \`options\` have no JSON Schema: ${error instanceof Error ? error.message : String(error)}`;
  }
  const silent = Object.keys(shape).find((key) => typeof properties[key]?.description !== 'string');
  return silent === undefined ? null : `${kind}: option ${silent} has no description: give it one with .describe()`;
}
