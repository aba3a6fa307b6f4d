/**
 * Which rows of a task's inputs have been folded, for records that say who wrote them: rows of one writer grow in ordinal within a
 * log, so that a lower ordinal than the newest is a repeat. A function of each log alone, kept in checkpoints.
 */
import { identityOf, type RowIdentity, type SeenOrdinals } from '#proto';
import type { Headers } from '#queue';

/** Of one writer in one log. */
export interface Counter {
  next: number;
}

/** Writers remembered of one log, those silent for longest forgotten first: a log is open to all, and memory is not. */
const MOST_WRITERS = 1024;

export class SeenRows {
  readonly #logs = new Map<string, Map<string, Counter>>();

  static restore(message: SeenOrdinals | undefined): SeenRows {
    const seen = new SeenRows();
    for (const [key, next] of Object.entries(message?.next ?? {})) {
      const space = key.indexOf(' ');
      seen.counterOf(key.slice(0, space), key.slice(space + 1)).next = next;
    }
    return seen;
  }

  /** To be asked at the first row of each record, in the order of the log. */
  counterOf(topic: string, task: RowIdentity['task']): Counter {
    let log = this.#logs.get(topic);
    if (!log) this.#logs.set(topic, (log = new Map<string, Counter>()));
    const counter = log.get(task) ?? { next: 0 };
    log.delete(task);
    log.set(task, counter);
    if (log.size > MOST_WRITERS) log.delete(log.keys().next().value!);
    return counter;
  }

  /** Undefined when there is nothing to keep. */
  message(): SeenOrdinals | undefined {
    const next = Object.fromEntries([...this.#logs].flatMap(([topic, log]) => [...log].map(([task, counter]) => [`${topic} ${task}`, counter.next])));
    return Object.keys(next).length > 0 ? { next } : undefined;
  }
}

/** Headers for a record that stands in another order than its writer counted in, where its ordinal would say the wrong thing. */
export function withoutIdentity(headers: Headers): Headers {
  if (identityOf(headers) === null) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'task' && name !== 'ordinal'));
}
