/** Waiting for a slow reader, cheaply: one pair of listeners for the life of a stream, not one for each wait. */
import type { Writable } from 'node:stream';

/** A function that resolves at the next `drain` of `stream`, or at once when `gone` has aborted. */
export function drainOf(stream: Writable, gone: AbortSignal): () => Promise<void> {
  let wake: (() => void) | null = null;
  const resume = (): void => {
    wake?.();
    wake = null;
  };
  stream.on('drain', resume);
  gone.addEventListener('abort', resume);
  return () =>
    new Promise((resolve) => {
      if (gone.aborted || !stream.writableNeedDrain) resolve();
      else wake = resolve;
    });
}
