/**
 * Resume tokens: where a subscription goes on, for each partition of `predictions`, and what it has delivered of each task there.
 *
 *   token    = base64url( "2;" [ task *( "," task ) ] ";" position *( "," position ) )
 *   position = partition ":" offset "." rows *( "!" index "." ordinal )
 *
 * `offset` is the record to read next, `rows` how many of its rows are done with; `ordinal` is the newest one delivered of the task
 * at `index`, whose name is percent-encoded. A token is a position behind a prediction, so resuming from it leaves nothing out; by the
 * ordinals it repeats nothing either, though a worker may send the same predictions again. Tokens of version 1 have no tasks and no ordinals.
 */
import { fail } from '#proto';

const GRAMMAR = /^(1|2;[^;,]*(,[^;,]+)*);\d+:\d+\.\d+(!\d+\.\d+)*(,\d+:\d+\.\d+(!\d+\.\d+)*)*$/;
/** Longer than any token of ours: 4096 partitions. */
const MOST_CHARACTERS = 1_000_000;
/** Tasks remembered of one partition, the longest silent forgotten first. */
const MOST_TASKS = 64;

interface Place {
  offset: number;
  rows: number;
  /** Newest ordinal delivered, by task. */
  readonly seen: Map<string, number>;
  /** Its part of the token, as long as it is right. */
  text: string | null;
}

export class StreamPosition {
  readonly #places = new Map<number, Place>();
  readonly #tasks = new Map<string, number>();
  #head = '';

  /** INVALID_RESUME_TOKEN. */
  static parse(token: string): StreamPosition {
    const text = token.length > MOST_CHARACTERS ? '' : Buffer.from(token, 'base64url').toString('latin1');
    if (!GRAMMAR.test(text)) throw invalid();
    const [version, ...rest] = text.split(';') as [string, ...string[]];
    const tasks = version === '1' || rest[0] === '' ? [] : rest[0]!.split(',').map(decoded);
    const position = new StreamPosition();
    for (const part of rest.at(-1)!.split(',')) {
      const [partition, offset, rows, ...ordinals] = part.split(/[:.!]/).map(Number) as [number, number, number, ...number[]];
      if (position.#places.has(partition)) throw invalid();
      position.moveTo(partition, offset, rows);
      for (let i = 0; i < ordinals.length; i += 2) {
        const task = tasks[ordinals[i]!];
        if (task === undefined) throw invalid();
        position.delivered(partition, task, ordinals[i + 1]!);
      }
      if (![partition, offset, rows, ...ordinals].every(Number.isSafeInteger)) throw invalid();
    }
    return position;
  }

  get partitions(): number {
    return this.#places.size;
  }

  /** Next offset of each partition. */
  offsets(): Map<number, number> {
    return new Map([...this.#places].map(([partition, { offset }]) => [partition, offset]));
  }

  /** Rows of the record at `offset` that are done with. */
  rowsDone(partition: number, offset: number): number {
    const place = this.#places.get(partition);
    return place?.offset === offset ? place.rows : 0;
  }

  moveTo(partition: number, offset: number, rows: number): void {
    const place = this.#place(partition);
    place.offset = offset;
    place.rows = rows;
    place.text = null;
  }

  /** False when it has been delivered: ordinals of a task grow within a partition, but for repeats. */
  isNew(partition: number, task: string, ordinal: number): boolean {
    return ordinal > (this.#places.get(partition)?.seen.get(task) ?? -1);
  }

  delivered(partition: number, task: string, ordinal: number): void {
    const place = this.#place(partition);
    place.seen.delete(task);
    place.seen.set(task, ordinal);
    place.text = null;
    if (place.seen.size > MOST_TASKS) place.seen.delete(place.seen.keys().next().value!);
    if (this.#tasks.has(task)) return;
    this.#tasks.set(task, this.#tasks.size);
    this.#head = [...this.#tasks.keys()].map(encodeURIComponent).join();
  }

  token(): string {
    let text = '';
    for (const [partition, place] of this.#places) {
      place.text ??= this.#text(partition, place);
      text += text === '' ? place.text : `,${place.text}`;
    }
    return Buffer.from(`2;${this.#head};${text}`, 'latin1').toString('base64url');
  }

  #place(partition: number): Place {
    let place = this.#places.get(partition);
    if (!place) this.#places.set(partition, (place = { offset: 0, rows: 0, seen: new Map(), text: null }));
    return place;
  }

  #text(partition: number, { offset, rows, seen }: Place): string {
    let text = `${partition}:${offset}.${rows}`;
    for (const [task, ordinal] of seen) text += `!${this.#tasks.get(task)!}.${ordinal}`;
    return text;
  }
}

function decoded(task: string): string {
  try {
    return decodeURIComponent(task);
  } catch (cause) {
    throw invalid(cause);
  }
}

export function invalid(cause?: unknown): Error {
  return fail('INVALID_RESUME_TOKEN', 'the resume token is not one that this server gave', { cause });
}
