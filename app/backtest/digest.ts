/**
 * Digests of results: equal for equal results, whatever wrote them, in whatever records and when.
 *
 * A result is what a task wrote, in the order of its ordinals. Each row is hashed in a canonical form: a JSON array of
 * its fields in the order of the message, numbers in shortest round-trip form. Offsets, headers and wall-clock times
 * are not part of it.
 */
import { createHash, type Hash } from 'node:crypto';

interface TaskDigest {
  readonly hash: Hash;
  next: number;
  /** Lines that came before their turn: partitions of a topic are read one after another. */
  readonly early: Map<number, string>;
}

export class ResultDigest {
  readonly #tasks = new Map<string, TaskDigest>();
  #rows = 0;
  #repeats = 0;

  /** Adds row `ordinal` of `task`. A row seen before is counted as a repeat and left out: then the answer is false. */
  add(task: string, ordinal: number, fields: readonly unknown[]): boolean {
    let digest = this.#tasks.get(task);
    if (!digest) {
      digest = { hash: createHash('sha256'), next: 0, early: new Map() };
      this.#tasks.set(task, digest);
    }
    if (ordinal < digest.next || digest.early.has(ordinal)) {
      this.#repeats += 1;
      return false;
    }
    this.#rows += 1;
    const line = JSON.stringify(fields);
    if (ordinal > digest.next) {
      digest.early.set(ordinal, line);
      return true;
    }
    write(digest, line);
    for (let early = digest.early.get(digest.next); early !== undefined; early = digest.early.get(digest.next)) {
      digest.early.delete(digest.next);
      write(digest, early);
    }
    return true;
  }

  /** `missing`: rows that should stand before others but were never added. */
  result(): { rows: number; repeats: number; missing: number; sha256: string } {
    const total = createHash('sha256');
    let missing = 0;
    for (const [task, digest] of [...this.#tasks].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (digest.early.size > 0) missing += Math.min(...digest.early.keys()) - digest.next;
      total.update(`${task}\n${digest.hash.copy().digest('hex')}\n`);
    }
    return { rows: this.#rows, repeats: this.#repeats, missing, sha256: total.digest('hex') };
  }
}

function write(digest: TaskDigest, line: string): void {
  digest.hash.update(line).update('\n');
  digest.next += 1;
}
