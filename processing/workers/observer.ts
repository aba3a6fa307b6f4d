/** What workers tell the outside: for metrics, progress watch and logs. Calls are cheap and must not throw. */
import type { ErrorCode, ForetickError } from '#proto';

export interface WorkerObserver {
  /** A loop took records: it has input until `committed` follows. */
  polled(records: number): void;
  /** A batch is durable: input rows worked through, records written, records still behind, and how long it took. */
  committed(batch: { readonly rows: number; readonly outputs: number; readonly lag: number; readonly ms: number }): void;
  deadLetter(code: ErrorCode): void;
  /** A snapshot could not be used; an older one is. */
  refused(error: ForetickError): void;
  /** Tensors that the process holds, of models that learn on a tensor library. */
  tensors(count: number): void;
  checkpointed(checkpoint: { readonly records: number; readonly ms: number }): void;
  /** State is back: `behind` committed records are yet to be worked through again, with outputs suppressed. */
  restored(restoration: { readonly from: 'checkpoint' | 'nothing'; readonly behind: number; readonly ms: number }): void;
}

export const silentObserver: WorkerObserver = {
  polled: () => undefined,
  committed: () => undefined,
  deadLetter: () => undefined,
  refused: () => undefined,
  tensors: () => undefined,
  checkpointed: () => undefined,
  restored: () => undefined,
};
