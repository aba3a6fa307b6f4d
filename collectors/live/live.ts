/** What the code of a live source works with. */
import type { Clock } from '../clock.ts';
import type { SourceEnvironment } from '../kind.ts';
import type { SourceContext, SourceEvent } from '../port.ts';
import { gapAlert, type GapInput } from './gaps.ts';
import type { InstrumentSet } from './instruments.ts';
import type { Outbox } from './outbox.ts';
import { createPositions, type Positions } from './positions.ts';

export interface Live {
  readonly name: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly environment: SourceEnvironment;
  /** Where rows, posts and rejections go. */
  readonly out: Outbox;
  /** What to collect. */
  readonly instruments: InstrumentSet;
  /** How far each instrument got. */
  readonly positions: Positions;
  /** Newest receipt time an earlier run published, microseconds; 0 at the first start. */
  readonly publishedUpTo: number;
  /** Up to when an instrument was published before this process collected it, microseconds; 0: never. */
  covered(instrument: string): number;
  /** Position of the source as a whole, as given to `positions.moveSource`; null at the first start. */
  readonly begunAt: string | null;
  /** Receipt time for what arrives now: microseconds, never going back. */
  receipt(): number;
  /**
   * Whether a record that a vendor sends on subscribing, and that no number tells apart, is news: it is young, and it happened
   * clearly after what an earlier run published. In doubt it is not: the time in between is reported as a gap.
   */
  isNews(instrument: string, eventTime: number, maxAgeUs: number): boolean;
  observe(event: SourceEvent): void;
  /** A gap was seen, and more may become known: counted and logged, not yet reported. */
  gapOpened(gap: GapInput): void;
  /** What became of a gap: an alert, a metric, a line in the log. Once for each gap. */
  gapClosed(gap: GapInput): void;
}

export interface LiveParts {
  readonly name: string;
  readonly context: SourceContext;
  readonly signal: AbortSignal;
  readonly environment: SourceEnvironment;
  readonly out: Outbox;
  readonly instruments: InstrumentSet;
}

/** Clocks differ, and the cursor of a source is written no more often than its watermarks: microseconds. */
const DOUBT_US = 10e6;

export function createLive({ name, context, signal, environment, out, instruments }: LiveParts): Live {
  const { clock } = environment;
  const publishedUpTo = context.cursor?.receiptTimeUs ?? 0;
  const covered = (instrument: string): number => instruments.covered?.(instrument) ?? publishedUpTo;
  let newest = 0;
  const receipt = (): number => {
    newest = Math.max(newest, Math.floor(clock.now() * 1000));
    return newest;
  };
  return {
    name,
    clock,
    signal,
    environment,
    out,
    instruments,
    positions: createPositions(name, context),
    publishedUpTo,
    covered,
    begunAt: context.cursor === null || context.cursor.position === '' ? null : context.cursor.position,
    receipt,
    isNews(instrument, eventTime, maxAgeUs) {
      const before = covered(instrument);
      return out.receipt - eventTime <= maxAgeUs && (before === 0 || eventTime > before + DOUBT_US);
    },
    observe: context.observe,
    gapOpened: (gap) => {
      context.observe({ type: 'gap-opened', gap: gapAlert(name, gap, receipt()).gap! });
    },
    gapClosed: (gap) => {
      const alert = gapAlert(name, gap, receipt());
      out.alert(alert);
      context.observe({ type: 'gap-closed', gap: alert.gap! });
    },
  };
}
