/**
 * Predictions as they are made. Each subscription reads the log itself, from its own position: a slow client
 * slows only its own reader, and memory is bounded by one batch of each.
 */
import { asForetickError, decodePredictions, fail, hasCode, type ForetickError, type Prediction } from '#proto';
import type { Queue, QueueRecord } from '#queue';

import type { StreamSlots } from '../streams.ts';
import { pause } from '../views/follower.ts';
import { OrdinalFilter } from '../views/position.ts';
import { decodeToken, encodeToken, invalid, type Position } from './token.ts';

export interface SubscribeOptions {
  /** Empty: all. */
  readonly instruments: readonly string[];
  /** Names or aliases; an alias goes with its champion. Empty: all. */
  readonly models: readonly string[];
  /** Go on behind this one; empty: from now. */
  readonly resumeToken: string;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal;
}

export interface SubscriptionEvent {
  readonly prediction: Prediction;
  readonly resumeToken: string;
}

/** Iterate once. `close` at the end in any case: it frees the slot. Ends by throwing SHUTTING_DOWN on drain. */
export interface Subscription extends AsyncIterable<SubscriptionEvent> {
  /** Where it stands now, filtered predictions included. */
  resumeToken(): string;
  close(): void;
}

export interface SubscriptionServiceOptions {
  readonly queue: Queue;
  /** Full name of the topic `predictions`. */
  readonly topic: string;
  readonly slots: StreamSlots;
  /** The model that a name stands for. UNKNOWN_MODEL, MODEL_NOT_READY. */
  readonly resolveModel: (name: string) => string;
  readonly knowsInstrument: (instrument: string) => boolean;
}

const RETRY_MS = 500;

export class SubscriptionService {
  readonly #options: SubscriptionServiceOptions;

  constructor(options: SubscriptionServiceOptions) {
    this.#options = options;
  }

  /**
   * TOO_MANY_STREAMS, SHUTTING_DOWN, INVALID_RESUME_TOKEN, OUTSIDE_RETENTION; and, without a resume token,
   * UNKNOWN_INSTRUMENT, UNKNOWN_MODEL: a stream that stays silent for a misspelt name helps nobody.
   */
  async open(request: SubscribeOptions): Promise<Subscription> {
    const { slots, queue, topic } = this.#options;
    const slot = slots.open('predictions', request.signal);
    try {
      this.#check(request);
      const positions = await startPositions(queue, topic, request.resumeToken);
      return {
        [Symbol.asyncIterator]: () => this.#events(request, positions, slot.signal),
        resumeToken: () => encodeToken(positions),
        close: () => { slot.close(); },
      };
    } catch (error) {
      slot.close();
      throw error;
    }
  }

  #check({ instruments, models, resumeToken }: SubscribeOptions): void {
    if (resumeToken !== '') return;
    for (const instrument of instruments) {
      if (!this.#options.knowsInstrument(instrument)) {
        throw fail('UNKNOWN_INSTRUMENT', `no row of ${JSON.stringify(instrument.slice(0, 200))} has been seen`);
      }
    }
    for (const model of models) this.#options.resolveModel(model);
  }

  async *#events(
    request: SubscribeOptions,
    positions: Map<number, Position>,
    signal: AbortSignal,
  ): AsyncGenerator<SubscriptionEvent, void, undefined> {
    const { queue, topic } = this.#options;
    const instruments = request.instruments.length > 0 ? new Set(request.instruments) : null;
    const filter = new OrdinalFilter();
    const offsets = new Map<number, number>();
    const aborted = (): boolean => signal.aborted;
    while (!aborted()) {
      try {
        for (const [partition, { offset }] of positions) offsets.set(partition, offset);
        for await (const batch of queue.read({ topic, from: { offsets }, signal })) {
          for (const record of batch.records) {
            const position = positions.get(record.partition) ?? { offset: record.offset, rows: 0 };
            positions.set(record.partition, position);
            const delivered = record.offset === position.offset ? position.rows : 0;
            const predictions = decode(record);
            for (let row = delivered; row < predictions.length; row++) {
              const prediction = predictions[row]!;
              const last = row + 1 === predictions.length;
              position.offset = last ? record.offset + 1 : record.offset;
              position.rows = last ? 0 : row + 1;
              if (!filter.isNew(record.partition, prediction.task, prediction.ordinal)) continue;
              if (instruments && !instruments.has(prediction.instrument)) continue;
              if (request.models.length > 0 && !this.#answersTo(request.models, prediction.model)) continue;
              yield { prediction, resumeToken: encodeToken(positions) };
              if (aborted()) break;
            }
            if (aborted()) break;
            position.offset = record.offset + 1;
            position.rows = 0;
          }
          if (aborted()) break;
          positions.set(batch.partition, { offset: batch.nextOffset, rows: 0 });
        }
        await pause(RETRY_MS, signal); // A reader that ended by itself.
      } catch (error) {
        if (hasCode(error, 'POSITION_EXPIRED')) throw outside(error);
        if (!asForetickError(error).retriable) throw error;
        await pause(RETRY_MS, signal);
      }
    }
    if (hasCode(signal.reason, 'SHUTTING_DOWN')) throw signal.reason;
  }

  #answersTo(names: readonly string[], model: string): boolean {
    return names.some((name) => {
      if (name === model) return true;
      try {
        return this.#options.resolveModel(name) === model;
      } catch {
        return false; // An alias that stands for nothing now; it may again later.
      }
    });
  }
}

/** A record that is no prediction is passed over here: views report it. */
function decode(record: QueueRecord): Prediction[] {
  try {
    return decodePredictions(record);
  } catch {
    return [];
  }
}

async function startPositions(queue: Queue, topic: string, token: string): Promise<Map<number, Position>> {
  const asked = token === '' ? null : decodeToken(token);
  const positions = new Map<number, Position>();
  const offsets = await queue.offsets(topic);
  if (asked && asked.size !== offsets.length) throw invalid();
  for (const { partition, earliest, end } of offsets) {
    const position = asked === null ? { offset: end, rows: 0 } : asked.get(partition);
    if (!position || position.offset > end) throw invalid();
    if (position.offset < earliest) throw outside(undefined);
    positions.set(partition, position);
  }
  return positions;
}

function outside(cause: unknown): ForetickError {
  return fail('OUTSIDE_RETENTION', 'the log no longer reaches back to the resume token', { cause });
}
