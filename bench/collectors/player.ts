/** Plays a tape to a source: its connections are none, its frames are handed over, its answers given. */
import { createLimits, type Emission, type Limits, type SourceContext, type TransportOptions } from '#collectors';

import { TapeClock } from './clock.ts';
import { sourceOf } from './environment.ts';
import { playedNetwork } from './network.ts';
import type { CollectorBench } from './sources.ts';
import type { Tape, TapeAnswer } from './tape.ts';

/** Frames handed over before the source has time to send what it made of them. */
const PORTION = 256;

export interface Played {
  rows: number;
  rejected: number;
}

export class Player {
  readonly clock: TapeClock;
  readonly played: Played = { rows: 0, rejected: 0 };
  readonly opened: TransportOptions[] = [];
  readonly #tape: Tape;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #failure: Error | null = null;
  /** Answers given, and how many may be. */
  #given = 0;
  #allowed = 0;
  #waiting: (() => void)[] = [];

  /** @param more a context in place of one that drops everything, other limits, instruments or settings */
  constructor(bench: CollectorBench, tape: Tape, more: { readonly limits?: Limits; readonly instruments?: readonly string[]; readonly settings?: Readonly<Record<string, unknown>>; readonly longest?: number } = {}) {
    this.#tape = tape;
    // Where streams are, what they missed: nothing that is waited for.
    if (tape.frames.length > 0) this.#allowed = tape.answers.length;
    this.clock = new TapeClock((tape.frames[0] ?? tape.answers[0])!.at - 1, more.longest);
    const source = sourceOf(bench, {
      clock: this.clock,
      network: playedNetwork(this.clock, this.opened, (signal) => this.#answer(signal)),
      limits: more.limits ?? createLimits(this.clock),
      settings: { ...tape.settings, ...more.settings },
      instruments: more.instruments ?? tape.instruments,
    });
    this.#running = source.run(this.#context()).catch((error: unknown) => { this.#failure = error instanceof Error ? error : new Error(String(error)); });
  }

  #context(): SourceContext {
    return {
      cursor: null,
      signal: this.#ending.signal,
      emit: ({ ticks, posts }: Emission) => {
        this.played.rows += (ticks?.length ?? 0) + (posts?.length ?? 0);
        return Promise.resolve();
      },
      reject: () => { this.played.rejected++; },
      cursors: () => Promise.resolve(new Map()),
      observe: () => undefined,
    };
  }

  async #answer(signal: AbortSignal | undefined): Promise<TapeAnswer> {
    while (this.#given >= this.#allowed) {
      if (signal?.aborted) throw new Error('stopping');
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        signal?.addEventListener('abort', () => { reject(new Error('stopping')); }, { once: true });
      });
    }
    const answer = this.#tape.answers[this.#given++]!;
    this.clock.moveTo(answer.at);
    return answer;
  }

  #allow(answers: number): void {
    this.#allowed = answers;
    for (const tell of this.#waiting.splice(0)) tell();
  }

  /** Up to where what happens begins. */
  async setUp(): Promise<void> {
    const { frames, setUp } = this.#tape;
    if (frames.length === 0) {
      await this.#answered(setUp);
      return;
    }
    while (this.opened.length === 0) await this.turn();
    await this.turn();
    for (const { at, data } of frames.slice(0, setUp)) {
      this.clock.moveTo(at);
      this.opened[0]!.onFrame(data);
      await this.turn();
      await this.turn();
    }
  }

  /** The rest; returns the number of frames or answers. */
  async play(): Promise<number> {
    const { frames, answers, setUp } = this.#tape;
    if (frames.length === 0) {
      await this.#answered(answers.length);
      return answers.length - setUp;
    }
    const { onFrame } = this.opened[0]!;
    for (let from = setUp; from < frames.length; from += PORTION) {
      const to = Math.min(frames.length, from + PORTION);
      this.clock.moveTo(frames[from]!.at);
      for (let i = from; i < to; i++) onFrame(frames[i]!.data);
      this.clock.moveTo(frames[to - 1]!.at + 6);
      await this.turn();
    }
    await this.turn();
    return frames.length - setUp;
  }

  async #answered(answers: number): Promise<void> {
    this.#allow(answers);
    while (this.#given < answers) {
      await this.turn();
      // What was read of the answer, then the wait for the next round.
      if (this.#given < answers && this.#waiting.length === 0) this.clock.moveToNext();
    }
    await this.turn();
    this.clock.moveTo(this.clock.now() + 6);
    await this.turn();
  }

  async turn(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await new Promise((resolve) => setImmediate(resolve));
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    if (this.#failure !== null) throw this.#failure;
  }
}
