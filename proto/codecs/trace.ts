/**
 * Headers that go with a row from hop to hop, for people and their tools: outside its identity and outside every equality.
 *
 *   traceparent  W3C Trace Context, level 1, https://www.w3.org/TR/trace-context-1/#traceparent-header
 *   ingested     when the queue took the record with the tick, milliseconds since the epoch
 */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The `traceparent` header to pass on; nothing where there is none, or none by the standard's rules. */
export function traceOf({ traceparent }: Readonly<Record<string, string>>): { readonly traceparent?: string } {
  return traceparent !== undefined && TRACEPARENT.test(traceparent) ? { traceparent } : {};
}

/** Time in the `ingested` header, milliseconds since the epoch; null where there is none. */
export function ingestedAt({ ingested = '' }: Readonly<Record<string, string>>): number | null {
  return /^\d{1,15}$/.test(ingested) ? Number(ingested) : null;
}
