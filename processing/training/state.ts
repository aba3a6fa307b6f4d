/** The trainer's own state in snapshot sections: counters, clocks, open predictions, batch, metrics. */
import { SectionReader, section, type ClassificationMetrics } from '#models';
import type { SnapshotSection } from '#proto';

import type { InstrumentTable } from './instruments.ts';
import type { MicroBatch } from './micro-batch.ts';
import { PendingRing } from './pending.ts';
import { SourceClock } from './source.ts';

export interface TrainerState {
  rows: number;
  outcomes: number;
  evaluations: number;
  /** Due time of the first outcome of the window, of the newest, and of the first of all; microseconds. */
  windowFrom: number;
  newestDue: number;
  firstDue: number;
  readonly instruments: InstrumentTable;
  readonly sources: Map<string, SourceClock>;
  readonly batch: MicroBatch;
  readonly total: ClassificationMetrics;
  readonly window: ClassificationMetrics;
}

interface Document {
  readonly counters: readonly [number, number, number, number, number, number];
  readonly instruments: readonly string[];
  readonly sources: readonly { task: string; clock: number; nextOrdinal: number }[];
}

export function saveTrainer(state: TrainerState): Record<string, SnapshotSection> {
  const { instruments } = state;
  const known = instruments.names.length;
  const sources = [...state.sources.entries()];
  const document: Document = {
    counters: [state.rows, state.outcomes, state.evaluations, state.windowFrom, state.newestDue, state.firstDue],
    instruments: instruments.names,
    sources: sources.map(([task, { clock, nextOrdinal }]) => ({ task, clock, nextOrdinal })),
  };
  const sections: Record<string, SnapshotSection> = {
    trainer: section(document, {
      price: instruments.price.subarray(0, known),
      seen: instruments.seen.subarray(0, known),
    }),
    batch: state.batch.save(),
    total: state.total.save(),
    window: state.window.save(),
  };
  sources.forEach(([, source], i) => {
    sections[`pending.${i}`] = source.pending.save();
  });
  return sections;
}

export function restoreTrainer(
  state: TrainerState,
  sections: Readonly<Record<string, SnapshotSection>>,
  width: number,
  classes: number,
): void {
  const reader = new SectionReader<Document>(sections['trainer'], 'trainer');
  const { counters, instruments, sources } = reader.document;
  [state.rows, state.outcomes, state.evaluations, state.windowFrom, state.newestDue, state.firstDue] = counters;
  state.instruments.restore(instruments, reader.f64('price', instruments.length), reader.f64('seen', instruments.length));
  state.batch.restore(sections['batch']);
  state.total.restore(sections['total']);
  state.window.restore(sections['window']);
  state.sources.clear();
  sources.forEach(({ task, clock, nextOrdinal }, i) => {
    const source = new SourceClock(PendingRing.restore(sections[`pending.${i}`], width, classes));
    source.clock = clock;
    source.nextOrdinal = nextOrdinal;
    state.sources.set(task, source);
  });
}
