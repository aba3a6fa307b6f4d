/** Bounds how many streams are open at once, and ends them all when the server drains. */
import { fail } from '#proto';

export interface StreamSlot {
  /** Aborts when the client goes, when `close` is called, and on drain with SHUTTING_DOWN as its reason. */
  readonly signal: AbortSignal;
  /** Safe to call twice. */
  close(): void;
}

export class StreamSlots {
  readonly #most: number;
  readonly #onChange: (kind: string, open: number) => void;
  readonly #open = new Map<string, Set<AbortController>>();
  #draining = false;

  constructor(options: { readonly most: number; readonly onChange?: (kind: string, open: number) => void }) {
    this.#most = options.most;
    this.#onChange = options.onChange ?? (() => undefined);
  }

  get size(): number {
    let size = 0;
    for (const slots of this.#open.values()) size += slots.size;
    return size;
  }

  /** TOO_MANY_STREAMS, SHUTTING_DOWN. */
  open(kind: string, client?: AbortSignal): StreamSlot {
    if (this.#draining) throw draining();
    if (this.size >= this.#most) throw fail('TOO_MANY_STREAMS', `${this.#most} streams are open already`);
    const controller = new AbortController();
    const slots = this.#open.get(kind) ?? new Set();
    this.#open.set(kind, slots.add(controller));
    const close = (): void => {
      client?.removeEventListener('abort', close);
      if (slots.delete(controller)) this.#onChange(kind, slots.size);
      controller.abort();
    };
    client?.addEventListener('abort', close);
    this.#onChange(kind, slots.size);
    if (client?.aborted === true) close();
    return { signal: controller.signal, close };
  }

  /** Refuses new ones and tells those open to end. */
  drain(): void {
    this.#draining = true;
    for (const slots of this.#open.values()) for (const controller of slots) controller.abort(draining());
  }
}

function draining(): Error {
  return fail('SHUTTING_DOWN', 'the server is shutting down');
}
