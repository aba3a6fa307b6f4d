/**
 * Predictions as they are made. Each subscription reads the log itself, from its own position: a slow client
 * slows only its own reader, and memory is bounded by one batch of each.
 */
import { asForetickError, decodePredictions, fail, hasCode, type ForetickError, type Prediction } from '#proto';
import type { Queue, QueueRecord } from '#queue';

import type { StreamSlots } from '../streams.ts';
import { pause } from '../views/follower.ts';
import { StreamPosition, invalid } from './token.ts';

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
      const position = await startPosition(queue, topic, request.resumeToken);
      return {
        [Symbol.asyncIterator]: () => this.#events(request, position, slot.signal),
        resumeToken: () => position.token(),
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
    position: StreamPosition,
    signal: AbortSignal,
  ): AsyncGenerator<SubscriptionEvent, void, undefined> {
    const { queue, topic } = this.#options;
    const instruments = request.instruments.length > 0 ? new Set(request.instruments) : null;
    const aborted = (): boolean => signal.aborted;
    while (!aborted()) {
      try {
        for await (const batch of queue.read({ topic, from: { offsets: position.offsets() }, signal })) {
          for (const record of batch.records) {
            const { partition, offset } = record;
            const predictions = decode(record);
            for (let row = position.rowsDone(partition, offset); row < predictions.length; row++) {
              const prediction = predictions[row]!;
              const { task, ordinal } = prediction;
              const last = row + 1 === predictions.length;
              position.moveTo(partition, last ? offset + 1 : offset, last ? 0 : row + 1);
              if (!position.isNew(partition, task, ordinal)) continue;
              if (instruments && !instruments.has(prediction.instrument)) continue;
              if (request.models.length > 0 && !this.#answersTo(request.models, prediction.model)) continue;
              position.delivered(partition, task, ordinal);
              yield { prediction, resumeToken: position.token() };
              if (aborted()) break;
            }
            if (aborted()) break;
            position.moveTo(partition, offset + 1, 0);
          }
          if (aborted()) break;
          position.moveTo(batch.partition, batch.nextOffset, 0);
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

async function startPosition(queue: Queue, topic: string, token: string): Promise<StreamPosition> {
  const asked = token === '' ? null : StreamPosition.parse(token);
  const offsets = await queue.offsets(topic);
  if (asked === null) {
    const position = new StreamPosition();
    for (const { partition, end } of offsets) position.moveTo(partition, end, 0);
    return position;
  }
  if (asked.partitions !== offsets.length) throw invalid();
  const next = asked.offsets();
  for (const { partition, earliest, end } of offsets) {
    const offset = next.get(partition);
    if (offset === undefined || offset > end) throw invalid();
    if (offset < earliest) throw outside(undefined);
  }
  return asked;
}

function outside(cause: unknown): ForetickError {
  return fail('OUTSIDE_RETENTION', 'the log no longer reaches back to the resume token', { cause });
}
