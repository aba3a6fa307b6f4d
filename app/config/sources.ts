/** What may stand under `sources`: recordings, and every kind of live source. */
import { z } from 'zod';

import { SOURCE_KINDS, type SourceKind } from '#collectors';

import { name } from './names.ts';

const replaySchema = z.strictObject({
  name: name('a source name').describe('Unique; the key of its cursor'),
  kind: z.literal('replay').describe('Plays a recording'),
  file: z.string().min(1).describe('CSV or NDJSON, plain or gzip; relative to the working directory'),
  mapping: z.string().optional().describe('Name of a column mapping; left out: the one that fits the columns'),
  instrument: z.string().optional().describe('For recordings of one instrument that do not name it'),
  speed: z.union([z.number().positive(), z.literal('max')]).default(1).describe('Recorded seconds a second, or max'),
  laps: z.union([z.int().min(1), z.literal('forever')]).default(1).describe('How often it is played; only the first lap is unseen data'),
  times: z.enum(['kept', 'now']).default('kept').describe('Recorded times as they are, or moved to now'),
  posts: z
    .strictObject({
      file: z.string().min(1).describe('CSV or NDJSON of posts, plain or gzip, in order of time'),
      mapping: z.string().optional().describe('Name of a column mapping; left out: the one that fits the columns'),
    })
    .optional()
    .describe('Recorded posts, played with the rows that were received around them'),
  made_up_posts: z
    .strictObject({
      per_minute: z.number().positive().default(30).describe('Posts a minute of recorded time, on average'),
      seed: z.int().default(1),
      instruments: z.array(z.string().min(1)).min(1).describe('Instruments they are about'),
    })
    .optional()
    .describe('Posts made up by a generator, and marked as such'),
});

export type ReplaySource = z.output<typeof replaySchema>;

/** Its other keys are what the options of its kind read. */
export interface LiveSource {
  readonly name: string;
  readonly kind: string;
  readonly [option: string]: unknown;
}

export type SourceConfig = ReplaySource | LiveSource;

export function isReplay(source: SourceConfig): source is ReplaySource {
  return source.kind === 'replay';
}

const liveSchema = ({ kind, doc, options }: SourceKind) =>
  z
    .strictObject({
      name: name('a source name').describe('Unique; the key of its cursors'),
      kind: z.literal(kind).describe(doc.title),
      ...options.shape,
    })
    // Rules over several options: what they look at is there.
    .check(...((options.def.checks ?? []) as z.core.$ZodCheck<LiveSource>[]));

/** @param own kinds besides those that ship */
export function sourceSchemaWith(own: readonly SourceKind[]): z.ZodType<SourceConfig, z.input<typeof replaySchema> | LiveSource> {
  const kinds = [...SOURCE_KINDS, ...own];
  return z.discriminatedUnion('kind', [replaySchema, ...kinds.map(liveSchema)], {
    error: ({ input }) => {
      if (typeof input !== 'object' || input === null) return undefined;
      const { kind } = input as { readonly kind?: unknown };
      const there = ['replay', ...kinds.map((one) => one.kind)].join(', ');
      return typeof kind === 'string' ? `no source is of kind ${kind}; there are ${there}, and those of source_files` : `one of ${there}`;
    },
  });
}
