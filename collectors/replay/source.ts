/**
 * Replays a recording as a source.
 *
 * Rows go out in the order of the file. A row's receipt time is the recorded one, but never before that of the
 * row ahead of it: whoever plays the file receives it in its order. So watermarks hold by construction, and
 * where they stand cannot change how a reader merges the logs.
 *
 * Watermarks stand on a grid of recorded time, at multiples of `watermarkEveryUs`. Before the first row whose
 * receipt time reaches the next boundary comes a watermark of that boundary, if at least `watermarkMinRows` rows
 * came since the last one; the next boundary is then the first one after that row. With `watermarkMinRows` 0
 * every boundary gets its watermark, in silence too. After the last row of the last lap comes a final one, a grid
 * step after it, with `cursor.finished`. With `times: 'kept'` the sequence of rows and watermarks is
 * therefore a function of file, mapping, laps and these two numbers: not of speed, of how emissions were cut, or of
 * restarts. Only their defaults look at the speed: played at a pace, readers wait for watermarks; at 'max'
 * they cost more than the rows do.
 */
import { fail } from '#proto';
import { systemClock, type Clock } from '../clock.ts';
import type { Source, SourceContext } from '../port.ts';
import { createBatch, type Batch } from './batch.ts';
import type { Mapping } from './mapping.ts';
import { createPace, type Pace } from './pace.ts';
import { cursorOf, positionOf, startPosition, type Position } from './position.ts';
import { AUTHOR_SALT, openRecording, type Recording } from './recording.ts';

export interface ReplayProgress {
  readonly lap: number;
  /** Rows of the lap that are done. */
  readonly row: number;
  readonly bytesRead: number;
  readonly totalBytes: number;
}

export interface ReplayOptions {
  readonly name: string;
  readonly file: string;
  readonly mapping: Mapping;
  /** Recorded seconds a second. @default 1 */
  readonly speed?: number | 'max';
  /** @default 1 */
  readonly laps?: number | 'forever';
  /** `now`: times are moved so that what is played next happens now, at every start. @default 'kept' */
  readonly times?: 'kept' | 'now';
  /** @default 250_000, at a speed above 1 that many times as much */
  readonly watermarkEveryUs?: number;
  /** @default half of batchRows at 'max', else 0 */
  readonly watermarkMinRows?: number;
  /** Rows of an emission at most. An emission is a transaction: larger ones are cheaper. @default 8192 at 'max', else 1024 */
  readonly batchRows?: number;
  /** Of the hashes that stand for authors of posts. @default AUTHOR_SALT */
  readonly authorSalt?: string;
  /** Instruments that the text of a post names. @default those of the mapping's column */
  readonly instrumentsOf?: (text: string) => readonly string[];
  /** Called after each emission. */
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** @default the system's */
  readonly clock?: Clock;
}

type Optional = 'onProgress' | 'instrumentsOf';
type Settings = Required<Omit<ReplayOptions, Optional>> & Pick<ReplayOptions, Optional>;

/** Microseconds between the last row of a lap and the first of the next. */
const LAP_GAP_US = 1_000_000;

/** @throws CONFIG_INVALID */
export function replaySource(options: ReplayOptions): Source {
  const speed = options.speed ?? 1;
  const batchRows = options.batchRows ?? (speed === 'max' ? 8192 : 1024);
  const settings: Settings = {
    laps: 1,
    times: 'kept',
    watermarkEveryUs: speed === 'max' ? 250_000 : 250_000 * Math.max(1, Math.ceil(speed)),
    watermarkMinRows: speed === 'max' ? Math.ceil(batchRows / 2) : 0,
    authorSalt: AUTHOR_SALT,
    clock: systemClock,
    ...options,
    speed,
    batchRows,
  };
  const positive = (value: number | string): boolean => typeof value === 'string' || value > 0;
  if (!positive(speed)) throw fail('CONFIG_INVALID', `speed must be above 0 or 'max', not ${speed}`);
  for (const name of ['laps', 'watermarkEveryUs', 'batchRows'] as const) {
    const value = settings[name];
    if (!positive(value) || (typeof value === 'number' && !Number.isSafeInteger(value))) {
      throw fail('CONFIG_INVALID', `${name} must be a whole number above 0, not ${value}`);
    }
  }
  return { name: settings.name, repeatable: true, run: (context) => new Replay(settings, context).run() };
}

class Replay {
  readonly #settings: Settings;
  readonly #context: SourceContext;
  readonly #at: Position;
  readonly #batch: Batch;
  readonly #pace: Pace;
  #recording: Recording | null = null;
  /** Rejections that wait for the next emission. */
  #rejected = 0;
  /** Whether the shift to now still is to be taken. */
  #unshifted: boolean;

  constructor(settings: Settings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
    this.#at = context.cursor ? positionOf(context.cursor) : startPosition();
    this.#batch = createBatch(settings.batchRows, settings.name, settings.mapping.kind === 'post');
    this.#pace = createPace(settings.speed, settings.clock);
    this.#unshifted = settings.times === 'now';
  }

  async run(): Promise<void> {
    const { cursor, signal } = this.#context;
    if (cursor?.finished) return;
    const last = this.#settings.laps === 'forever' ? Number.POSITIVE_INFINITY : this.#settings.laps;
    while (!signal.aborted) {
      if (!(await this.#lap())) return;
      const at = this.#at;
      at.rows = at.row;
      // A lap without a single row that can be read is not played for ever.
      if (at.lap >= last || Number.isNaN(at.first)) {
        await this.#finish();
        return;
      }
      at.lapShift = at.newest + LAP_GAP_US - at.first;
      at.lap++;
      at.row = 0;
    }
  }

  /** Plays the file from the current row on; false when aborted. */
  async #lap(): Promise<boolean> {
    const { file, mapping } = this.#settings;
    const recording = await openRecording(file, mapping, this.#batch.ticks, this.#settings);
    this.#recording = recording;
    try {
      await this.#skip(recording, this.#at.row);
      do {
        while (recording.next()) {
          const going = this.#row(recording);
          if (going !== true && !(await going)) return false;
        }
      } while (await this.#more(recording));
      return true;
    } finally {
      await recording.close();
    }
  }

  async #more(recording: Recording): Promise<boolean> {
    try {
      return await recording.fill();
    } catch (error) {
      // What was whole before the file broke off is published; the error says that it is not all.
      if (this.#pending()) await this.#emit();
      throw error;
    }
  }

  async #skip(recording: Recording, rows: number): Promise<void> {
    let left = rows;
    while (left > 0) {
      while (left > 0 && recording.next()) left--;
      if (left > 0 && !(await recording.fill())) {
        throw fail('RUN_MISMATCH', `${this.#settings.file} has fewer rows than were read from it before`);
      }
    }
  }

  /** False when aborted: the row then is not counted as done. Promises only where something is to be awaited. */
  #row(recording: Recording): boolean | Promise<boolean> {
    if (this.#context.signal.aborted) return this.#drain();
    const at = this.#at;
    const problem = recording.decode(at.row + 1, this.#batch.staged);
    if (problem !== null) {
      const receiptTime = recording.receiptTime();
      this.#context.reject({
        ...problem,
        message: `row ${at.row + 1}: ${problem.message}`,
        origin: this.#settings.file,
        row: at.row + 1,
        receiptTime: Number.isFinite(receiptTime) ? receiptTime : 0,
        bytes: recording.raw().slice(),
      });
      this.#rejected++;
      at.row++;
      return this.#rejected < this.#settings.batchRows || this.#emit();
    }
    if (Number.isNaN(at.first)) at.first = recording.receiptTime();
    const time = Math.max(recording.receiptTime() + at.lapShift, at.newest);
    if (this.#unshifted) this.#takeShift(time);
    if (Number.isNaN(at.boundary)) this.#arm(time);
    if (time >= at.boundary || this.#pace.untilDue(time) > 0) return this.#waitAndTake(time);
    return this.#take(time);
  }

  async #waitAndTake(time: number): Promise<boolean> {
    const at = this.#at;
    const { watermarkMinRows, watermarkEveryUs } = this.#settings;
    while (time >= at.boundary) {
      const boundary = at.boundary;
      if (at.since < watermarkMinRows) {
        this.#arm(time);
        break;
      }
      if (!(await this.#due(boundary))) return false;
      at.since = 0;
      if (watermarkMinRows === 0) at.boundary = boundary + watermarkEveryUs;
      else this.#arm(time);
      await this.#emit(boundary);
    }
    return (await this.#due(time)) && this.#take(time);
  }

  #take(time: number): boolean | Promise<boolean> {
    const at = this.#at;
    at.published += this.#batch.take(time + at.nowShift, at.lapShift + at.nowShift);
    at.newest = time;
    at.since++;
    at.row++;
    return this.#batch.rows < this.#settings.batchRows || this.#emit();
  }

  /** Emits what is pending and waits until `time` is due; false when aborted. */
  async #due(time: number): Promise<boolean> {
    for (;;) {
      const ms = this.#pace.untilDue(time);
      if (ms <= 0) return true;
      if (this.#pending()) await this.#emit();
      else if (!(await this.#pace.wait(ms, this.#context.signal))) return false;
    }
  }

  /** The first boundary after `time`. */
  #arm(time: number): void {
    const every = this.#settings.watermarkEveryUs;
    this.#at.boundary = (Math.floor(time / every) + 1) * every;
  }

  /** What is played next happens now, or right after what was published and promised before. */
  #takeShift(time: number): void {
    const at = this.#at;
    const { clock, watermarkEveryUs, watermarkMinRows } = this.#settings;
    const now = Math.floor(clock.now() * 1000);
    const promised = Number.isNaN(at.boundary) ? now : at.boundary - watermarkEveryUs + at.nowShift;
    const next = at.since < watermarkMinRows || Number.isNaN(at.boundary) ? time : Math.min(time, at.boundary);
    at.nowShift = Math.max(now, promised, this.#context.cursor?.receiptTimeUs ?? 0) - next;
    this.#unshifted = false;
  }

  #pending(): boolean {
    return this.#batch.rows > 0 || this.#rejected > 0;
  }

  async #drain(): Promise<boolean> {
    if (this.#pending()) await this.#emit();
    return false;
  }

  async #finish(): Promise<void> {
    const { newest } = this.#at;
    await this.#emit(Number.isFinite(newest) ? newest + this.#settings.watermarkEveryUs : undefined, true);
  }

  async #emit(watermark?: number, finished = false): Promise<true> {
    const at = this.#at;
    const { ticks, posts } = this.#batch;
    await this.#context.emit({
      ...(ticks.length > 0 && { ticks }),
      ...(posts.length > 0 && { posts }),
      ...(watermark !== undefined && { watermark: watermark + at.nowShift }),
      cursor: cursorOf(this.#settings.name, at, finished),
    });
    this.#batch.clear();
    this.#rejected = 0;
    const recording = this.#recording!;
    const { totalBytes } = recording;
    this.#settings.onProgress?.({ lap: at.lap, row: at.row, bytesRead: recording.bytesRead(), totalBytes });
    return true;
  }
}
