/** The newest things of a listing: what they said when they were read last, and which of them to go on from. */
import type { Stretch } from '../../posts/memory.ts';

interface Seen {
  readonly position: bigint;
  /** Null: read by an earlier run. */
  state: string | null;
}

/** Older than what is read again, so that one of them is there to begin behind. */
const BEHIND = 8;

export class Recent {
  readonly #stretch: Stretch;
  readonly #seen = new Map<string, Seen>();

  /** @param before fullnames and positions that an earlier run kept */
  constructor(stretch: Stretch, before: readonly (readonly [string, string])[]) {
    this.#stretch = stretch;
    for (const [fullname, position] of before) this.#seen.set(fullname, { position: BigInt(position), state: null });
  }

  has(fullname: string): boolean {
    return this.#seen.has(fullname);
  }

  /** Undefined: never read; null: by an earlier run. */
  state(fullname: string): string | null | undefined {
    return this.#seen.get(fullname)?.state;
  }

  note(fullname: string, position: bigint, state: string): void {
    this.#seen.set(fullname, { position, state });
  }

  forget(fullname: string): void {
    this.#seen.delete(fullname);
  }

  /** The newest thing before what is to be read again; null where none is known. */
  anchor(): string | null {
    return this.#sorted().find(([, { position }]) => position < (this.#stretch.resumeAt ?? 0n))?.[0] ?? null;
  }

  /** Leaves what is read again and a few before it. */
  prune(): void {
    const from = this.#stretch.resumeAt ?? 0n;
    let behind = 0;
    for (const [fullname, { position }] of this.#sorted()) if (position < from && ++behind > BEHIND) this.#seen.delete(fullname);
  }

  /** The anchor, and the newest things by which an answer shows that it is still there. */
  toJSON(): readonly (readonly [string, string])[] {
    const anchor = this.anchor();
    const sorted = this.#sorted();
    return sorted.filter(([fullname], i) => i < BEHIND || fullname === anchor).map(([fullname, { position }]) => [fullname, String(position)]);
  }

  /** The newest first. */
  #sorted(): [string, Seen][] {
    return [...this.#seen].sort(([, a], [, b]) => (a.position > b.position ? -1 : a.position < b.position ? 1 : 0));
  }
}
