/** A request of ours beside those of kafkajs: its payload, and how its answer is read. */
export interface WireRequest<T> {
  /** As kafkajs sends it: key and version of the API, and an encoder of the payload. */
  readonly request: object;
  decode(payload: Buffer): T;
}
