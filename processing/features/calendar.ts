import type { Feature, FeatureEvent } from './feature.ts';

/** Where in the UTC day and week the event lies, as points on a circle: 23:59 is next to 0:00. UTC, not a venue's hours. */

const { PI, cos, sin } = Math;
const DAY = 86_400_000_000;
const WEEK = 7 * DAY;
/** The epoch was a Thursday. */
const MONDAY = 3 * DAY;
const SOURCE = 'Andersen & Bollerslev, Intraday Periodicity and Volatility Persistence (1997): Fourier terms of the day';

const dayAngle = (event: FeatureEvent): number => (2 * PI * (event.eventTime % DAY)) / DAY;
const weekAngle = (event: FeatureEvent): number => (2 * PI * ((event.eventTime + MONDAY) % WEEK)) / WEEK;

function calendar(name: string, what: string, formula: string, value: (event: FeatureEvent) => number): Feature {
  return {
    name,
    unit: 'ratio in [-1, 1]',
    doc: { what, formula, source: SOURCE },
    width: 0,
    create: () => ({ update: (_state, _at, event) => value(event) }),
  };
}

export const daySin = calendar('day_sin', 'Time of the UTC day, sine: 1 at 6:00, −1 at 18:00.', 'sin(2π · seconds since 0:00 UTC / 86400)', (event) => sin(dayAngle(event)));
export const dayCos = calendar('day_cos', 'Time of the UTC day, cosine: 1 at 0:00, −1 at 12:00.', 'cos(2π · seconds since 0:00 UTC / 86400)', (event) => cos(dayAngle(event)));
export const weekSin = calendar('week_sin', 'Time of the UTC week, sine: 1 on Tuesday at 18:00.', 'sin(2π · seconds since Monday 0:00 UTC / 604800)', (event) => sin(weekAngle(event)));
export const weekCos = calendar('week_cos', 'Time of the UTC week, cosine: 1 on Monday at 0:00.', 'cos(2π · seconds since Monday 0:00 UTC / 604800)', (event) => cos(weekAngle(event)));
