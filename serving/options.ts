/** Options of a server: as given, and with defaults. */
import type { Registry } from 'prom-client';

import type { ForetickError, TopicLayout } from '#proto';
import type { Queue } from '#queue';
import { SnapshotAssembler } from '#models';

import type { Liveness } from './http/context.ts';
import { defaultWebRoot } from './http/static.ts';
import type { ExpectedGroups } from './lag.ts';
import type { Assembler } from './models/store.ts';
import type { StageProvider } from './stages.ts';

export interface ServerOptions {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  /** Prometheus metrics are registered here and served on /metrics. */
  readonly registry: Registry;
  readonly http: {
    /** @default 127.0.0.1 */
    readonly host?: string;
    /** 0: any free one. @default 8080 */
    readonly port?: number;
    /** @default 1 MiB */
    readonly maxBodyBytes?: number;
    /** Names beside the local ones that a loopback server answers to. @default none */
    readonly allowedHosts?: readonly string[];
    /** Folder of the page. @default serving/web of this package */
    readonly webRoot?: string;
  };
  readonly grpc: {
    /** @default 127.0.0.1 */
    readonly host?: string;
    /** 0: any free one. @default 50051 */
    readonly port?: number;
    /** Longest message taken. @default 4 MiB */
    readonly maxMessageBytes?: number;
  };
  /** An older feature row is not scored. @default 60000 */
  readonly maxStalenessMs?: number;
  /** Streams open at once, of all kinds. @default 256 */
  readonly maxStreams?: number;
  /** Rows of one Predict. @default 4096 */
  readonly maxRows?: number;
  /** Predictions kept of each instrument. @default 1000 */
  readonly predictionsPerInstrument?: number;
  /** @default 15000 */
  readonly heartbeatMs?: number;
  /** What /livez says. */
  readonly liveness: () => Liveness;
  /** Shown on the page's overview as it is. */
  readonly status?: () => unknown;
  /** Stages outside the server, for /v1/stages. @default none */
  readonly stages?: StageProvider;
  /** Groups that /v1/lag shows though they have committed nothing yet. @default none */
  readonly groups?: ExpectedGroups;
  /** Puts dead letters back on their topics, for people on this machine. @default nobody can */
  readonly retryDeadLetters?: DeadLetterRetry;
  /** Of a process that collects: lists and changes what is subscribed to. @default the routes answer UNKNOWN_ROUTE */
  readonly collecting?: Collecting;
  /** Milliseconds since the epoch. @default Date.now */
  readonly clock?: () => number;
  /** Makes models of snapshots. @default SnapshotAssembler of #models */
  readonly assembler?: Assembler;
  readonly events?: ServerEvents;
}

/** What became of each letter, as it is to be answered. */
export interface Collecting {
  list(): Promise<readonly unknown[]>;
  /** What became of each instrument, in a form that JSON has. */
  change(change: { readonly source: string; readonly action: 'add' | 'remove'; readonly instruments: readonly string[] }): Promise<readonly unknown[]>;
}

export type DeadLetterRetry = (letters: readonly number[], options: { readonly again: boolean; readonly dryRun: boolean }) => Promise<readonly unknown[]>;

/** For a log. */
export interface ServerEvents {
  /** An INTERNAL error was answered, at `where`. */
  onError?(error: ForetickError, where: string): void;
  /** A record could not be used: a bad snapshot (the one before it stays), or a malformed row. */
  onRefused?(error: ForetickError, topic: string): void;
  /** The queue failed; `topic` is read again after `delayMs`. Answers go on from what is known. */
  onRetry?(error: ForetickError, topic: string, delayMs: number): void;
  /** A model now answers with other weights. */
  onModel?(model: string, version: number): void;
}

/** Options with every default filled in. */
export type ServerSettings = Required<Omit<ServerOptions, 'http' | 'grpc' | 'events' | 'status' | 'retryDeadLetters' | 'collecting'>> & {
  readonly http: Required<ServerOptions['http']>;
  readonly grpc: Required<ServerOptions['grpc']>;
  readonly events: Required<ServerEvents>;
  readonly status: (() => unknown) | undefined;
  readonly retryDeadLetters: DeadLetterRetry | undefined;
  readonly collecting: Collecting | undefined;
};

const MIB = 1024 * 1024;
const silent = (): void => undefined;

export function withDefaults(options: ServerOptions): ServerSettings {
  return {
    maxStalenessMs: 60_000,
    maxStreams: 256,
    maxRows: 4096,
    predictionsPerInstrument: 1000,
    heartbeatMs: 15_000,
    stages: () => Promise.resolve([]),
    groups: new Map(),
    clock: Date.now,
    assembler: new SnapshotAssembler(),
    ...options,
    status: options.status,
    retryDeadLetters: options.retryDeadLetters,
    collecting: options.collecting,
    http: { host: '127.0.0.1', port: 8080, maxBodyBytes: MIB, allowedHosts: [], webRoot: defaultWebRoot(), ...options.http },
    grpc: { host: '127.0.0.1', port: 50051, maxMessageBytes: 4 * MIB, ...options.grpc },
    events: { onError: silent, onRefused: silent, onRetry: silent, onModel: silent, ...options.events },
  };
}
