/**
 * Names the rows of a source, so that readers drop those that a crash between rows and cursor published twice.
 *
 * Rows are counted by partition of each log, in the order in which they are published, dead letters by origin; where the counts stand is kept in the
 * cursor, with what it covers. They name rows only if the source brings the same rows in the same order when it is run again
 * from a cursor, however they are cut into emissions: `Source.repeatable`.
 */
import { SourceOrdinals, type Cursor, type TopicLayout } from '#proto';

type Log = 'ticks' | 'posts';

export class RowCounts {
  /** Under which name rows are counted. */
  readonly task: string;
  readonly #counts: SourceOrdinals;

  /**
   * Goes on from a cursor. One without counts was written by a source that did not name its rows; counting then begins under a
   * name of its own, lest readers take new rows for old ones.
   */
  constructor({ inputs }: Pick<TopicLayout, 'inputs'>, source: string, cursor: Cursor | null) {
    const { ordinals, published = 0 } = cursor ?? {};
    const fits = ordinals?.ticks.length === inputs && ordinals.posts.length === inputs;
    const zeros = (): number[] => Array.from({ length: inputs }, () => 0);
    this.#counts = fits
      ? { ...ordinals, ticks: [...ordinals.ticks], posts: [...ordinals.posts], deadLetters: { ...ordinals.deadLetters } }
      : { since: published, ticks: zeros(), posts: zeros(), deadLetters: {} };
    this.task = this.#counts.since === 0 ? `source/${source}` : `source/${source}@${this.#counts.since}`;
  }

  /** Headers that name the next `rows` rows of a partition. */
  take(log: Log, partition: number, rows: number): Readonly<Record<string, string>> {
    const counts = this.#counts[log];
    const ordinal = counts[partition]!;
    counts[partition] = ordinal + rows;
    return { task: this.task, ordinal: String(ordinal) };
  }

  takeDeadLetter(origin: string): Readonly<Record<string, string>> {
    const { deadLetters } = this.#counts;
    const ordinal = deadLetters[origin] ?? 0;
    deadLetters[origin] = ordinal + 1;
    return { task: `${this.task} ${origin}`, ordinal: String(ordinal) };
  }

  /** What the cursor is to keep. */
  message(): SourceOrdinals {
    return SourceOrdinals.fromPartial(this.#counts);
  }
}
