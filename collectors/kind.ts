/** Kinds of sources: what a person who adds one writes, and what configuration and documentation are made from. */
import type { z } from 'zod';

import type { Clock } from './clock.ts';
import type { Limits } from './connect/limits.ts';
import type { Network } from './connect/network.ts';
import type { InstrumentSet } from './live/instruments.ts';
import type { Source } from './port.ts';
import type { Secret, SecretRef } from './secrets.ts';

/** What the process gives to its sources. */
export interface SourceEnvironment {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Shared by all sources of the process. */
  readonly limits: Limits;
  readonly network: Network;
  /** SECRET_UNREADABLE when it is not there. Never keep what it gives in a text that may be printed. */
  readonly secret: (ref: SecretRef) => Promise<Secret>;
  /** Takes secrets out of a text that is to be printed. */
  readonly redact: (text: string) => string;
  /** Instruments that others hand out, in place of those configured. @default none */
  readonly instruments?: (source: string) => InstrumentSet | null;
  /** Instruments that a text names, by the table of the pipeline. @default none is configured */
  readonly instrumentsOf?: (text: string) => readonly string[];
}

/** Text for `foretick sources` and docs/sources.md. */
export interface SourceDoc {
  /** One line. */
  readonly title: string;
  /** What it gives: quotes, trades, bars, posts, and of which instruments. */
  readonly gives: string;
  /** Keys needed, or `none`. */
  readonly keys: string;
  /** The vendor's limits that we keep. */
  readonly limits: string;
  /** How gaps are noticed and filled, and what cannot be. */
  readonly gaps: string;
  /** What may be done with the data. */
  readonly licence: string;
}

/** How instruments are handed out by `foretick subscribe`, for sources whose `instruments` are left out. */
export interface Subscribing<Options> {
  /** The id of an instrument: `coinbase:BTC-USD` for the symbol `BTC-USD`. */
  readonly instrument: (symbol: string, options: Options) => string;
  /**
   * Several processes may collect from the vendor at once, each its part of the instruments: then `run` follows `live.instruments` as `runFeeds` does. Otherwise
   * one process has all, and the others stand by.
   */
  readonly shared: boolean;
}

export interface SourceDefinition<Options extends z.ZodObject> {
  /** Lower case; the `kind` in the configuration. */
  readonly kind: string;
  readonly doc: SourceDoc;
  /** A strict object; each key with a description. `name` and `kind` are added. */
  readonly options: Options;
  /** Left out: what is collected stands in the configuration alone. */
  readonly subscribing?: Subscribing<z.output<Options>>;
  readonly create: (name: string, options: z.output<Options>, environment: SourceEnvironment) => Source;
}

/** A definition whose options are of any shape. */
export interface SourceKind {
  readonly kind: string;
  readonly doc: SourceDoc;
  readonly options: z.ZodObject;
  readonly subscribing?: Subscribing<Readonly<Record<string, unknown>>>;
  /** @param options as read by `options` */
  readonly create: (name: string, options: Readonly<Record<string, unknown>>, environment: SourceEnvironment) => Source;
}

export function defineSource<Options extends z.ZodObject>({ kind, doc, options, subscribing, create }: SourceDefinition<Options>): SourceKind {
  // The configuration was read by the same schema: see `SourceKind.create`.
  return {
    kind,
    doc,
    options,
    ...(subscribing && { subscribing: { shared: subscribing.shared, instrument: (symbol, read) => subscribing.instrument(symbol, read as z.output<Options>) } }),
    create: (name, read, environment) => create(name, read as z.output<Options>, environment),
  };
}
