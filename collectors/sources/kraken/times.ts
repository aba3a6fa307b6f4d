/**
 * When trades were: Kraken's REST finds trades by time, not by id. Of each instrument a few ids are kept with their times,
 * the more of them the younger: whatever id is missing, one is known that lies before it and no more than about twice as
 * long ago. They survive in the position of the instrument.
 */
import type { Live } from '../../live/live.ts';

/** An id, and its time in microseconds. */
type Mark = readonly [id: number, atUs: number];

/** Marks are no closer than this, microseconds. */
const SPACING = 1e6;
/** More than a day takes about 18 of them. */
const MOST = 32;

export interface TradeTimes {
  note(instrument: string, id: number, atUs: number): void;
  /** Time of the newest mark whose id is lower, microseconds; null when there is none. */
  before(instrument: string, id: number): number | null;
  forget(instrument: string): void;
}

export function tradeTimes(live: Live): TradeTimes {
  const known = new Map<string, Mark[]>();

  function marksOf(instrument: string): Mark[] {
    let marks = known.get(instrument);
    if (!marks) {
      marks = [...((live.positions.begun(instrument, 'times') as Mark[] | undefined) ?? [])];
      known.set(instrument, marks);
    }
    return marks;
  }

  return {
    note(instrument, id, atUs) {
      const marks = marksOf(instrument);
      const last = marks.at(-1);
      if (last && id <= last[0]) return;
      const before = marks.at(-2);
      // The newest id is always a mark; the one before it stays where it lies far enough behind.
      if (last && before && id === last[0] + 1 && last[1] - before[1] < SPACING) marks[marks.length - 1] = [id, atUs];
      else thin(marks, marks.push([id, atUs]), atUs);
      live.positions.move(instrument, 'times', marks);
    },
    before: (instrument, id) => marksOf(instrument).findLast(([mark]) => mark < id)?.[1] ?? null,
    forget: (instrument) => void known.delete(instrument),
  };
}

/** Takes out marks whose neighbours lie closer to each other than they are old. */
function thin(marks: Mark[], length: number, nowUs: number): void {
  for (let i = length - 2; i > 0; i--) {
    const [[, older], [, newer]] = [marks[i - 1]!, marks[i + 1]!];
    if (newer - older <= nowUs - newer) marks.splice(i, 1);
  }
  if (marks.length > MOST) marks.shift();
}
