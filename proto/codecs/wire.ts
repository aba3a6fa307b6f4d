/** Content types, schema names and headers of every record we write. */

export const CONTENT_JSON = 'application/json';
export const CONTENT_ARROW = 'application/vnd.apache.arrow.stream';
export const CONTENT_PROTOBUF = 'application/x-protobuf';

/** Values of the `schema` header. A new version of a message gets a new name here and a golden sample. */
export const SCHEMA = {
  tick: 'foretick.v1.Tick',
  post: 'foretick.v1.Post',
  features: 'foretick.v1.Features',
  prediction: 'foretick.v1.Prediction',
  outcome: 'foretick.v1.Outcome',
  evaluation: 'foretick.v1.Evaluation',
  manifest: 'foretick.v1.SnapshotManifest',
  snapshot: 'foretick.v1.Snapshot',
  alias: 'foretick.v1.Alias',
  promotion: 'foretick.v1.Promotion',
  cursor: 'foretick.v1.Cursor',
  subscription: 'foretick.v1.Subscription',
  checkpoint: 'foretick.v1.FeatureCheckpoint',
  state: 'foretick.v1.FeatureState',
  alert: 'foretick.v1.Alert',
} as const;

export type SchemaName = (typeof SCHEMA)[keyof typeof SCHEMA];

export function headersOf(
  contentType: string,
  schema: SchemaName,
  extra?: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { 'content-type': contentType, schema, ...extra };
}

/** What a codec reads: the part of a queue record that it needs. */
export interface Encoded {
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}
