/** Leaves out rows that a writer has sent again: once by reading on, once by reading back from the end. */
import { identityOf, type RowIdentity } from '#proto';

import type { DescribedRow } from './describe.ts';

/** Ordinals of a task grow within a partition, but for repeats: what is not beyond the outermost one seen is a repeat. */
export class RepeatFilter {
  readonly #outermost = new Map<string, number>();
  readonly #sign: 1 | -1;

  constructor(direction: 'forwards' | 'backwards' = 'forwards') {
    this.#sign = direction === 'forwards' ? 1 : -1;
  }

  isNew(row: DescribedRow): boolean {
    const identity = identityOfRow(row);
    if (identity === null) return true;
    const key = `${row.partition} ${identity.task}`;
    const ordinal = this.#sign * identity.ordinal;
    if (ordinal <= (this.#outermost.get(key) ?? Number.NEGATIVE_INFINITY)) return false;
    this.#outermost.set(key, ordinal);
    return true;
  }
}

/** By the row itself where it says, else by the headers of its record. A dead letter is what its headers say, whatever is in it. */
function identityOfRow({ topic, row, headers, value }: DescribedRow): RowIdentity | null {
  const named = identityOf(headers);
  if (topic === 'dead-letters') return named;
  const { task, ordinal } = (value ?? {}) as { task?: unknown; ordinal?: unknown };
  if (typeof task === 'string' && typeof ordinal === 'number') return { task, ordinal };
  return named && { task: named.task, ordinal: named.ordinal + row };
}
