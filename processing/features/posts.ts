import { decayed, latest } from './decayed.ts';
import type { Feature } from './feature.ts';

/**
 * Features of posts. Their clock is receipt time: a count is kept as of its newest post and decayed to the tick's
 * receipt time when it is read, so a tick writes nothing here and a post nothing elsewhere.
 */

const { log } = Math;
const SECONDS = 1e-6;

const POSTS_HALF_LIFE = 300;

export const posts5m: Feature = {
  name: 'posts_5m',
  unit: 'posts',
  doc: {
    what: 'Posts about the instrument, half-life 5 minutes.',
    formula: 'Σ 2^(−age/300 s), age since receipt',
    source: 'Antweiler & Frank, Is All That Talk Just Noise? (2004): message activity',
  },
  width: 2,
  create: () => ({
    update: (state, at, event) => decayed(state[at]!, state[at + 1]!, event.receiptTime, POSTS_HALF_LIFE),
    post(state, at, time) {
      state[at] = decayed(state[at]!, state[at + 1]!, time, POSTS_HALF_LIFE) + 1;
      state[at + 1] = latest(state[at + 1]!, time);
    },
  }),
};

const HOUR = 3600;

export const postBurst: Feature = {
  name: 'post_burst',
  unit: 'ln(ratio)',
  doc: {
    what: 'Posts of the last minutes against what the last hours lead to expect; above 0 in a burst, 0 without posts.',
    formula: 'ln((1 + n₅) / (1 + n₆₀ / 12)), n₅ and n₆₀ = Σ 2^(−age/h) with h = 5 and 60 minutes',
    source: 'Kleinberg, Bursty and Hierarchical Structure in Streams (2003): rate against base rate',
  },
  width: 3,
  create: () => ({
    update(state, at, event) {
      const since = state[at + 2]!;
      if (since === 0) return 0;
      const short = decayed(state[at]!, since, event.receiptTime, POSTS_HALF_LIFE);
      const long = decayed(state[at + 1]!, since, event.receiptTime, HOUR);
      return log((1 + short) / (1 + (long * POSTS_HALF_LIFE) / HOUR));
    },
    post(state, at, time) {
      const since = state[at + 2]!;
      state[at] = decayed(state[at]!, since, time, POSTS_HALF_LIFE) + 1;
      state[at + 1] = decayed(state[at + 1]!, since, time, HOUR) + 1;
      state[at + 2] = latest(since, time);
    },
  }),
};

const WEEK = 7 * 24 * HOUR;
const LOG_WEEK = log(1 + WEEK);

export const postAgeLog: Feature = {
  name: 'post_age_log',
  unit: 'ln(1 + s)',
  doc: {
    what: 'Time since the newest post was received, at most a week; a week when there has been none.',
    formula: 'ln(1 + min(seconds, 604800))',
    source: 'Antweiler & Frank, Is All That Talk Just Noise? (2004)',
  },
  width: 1,
  create: () => ({
    update(state, at, event) {
      const newest = state[at]!;
      if (newest === 0) return LOG_WEEK;
      const age = (event.receiptTime - newest) * SECONDS;
      return age <= 0 ? 0 : age < WEEK ? log(1 + age) : LOG_WEEK;
    },
    post(state, at, time) {
      state[at] = latest(state[at]!, time);
    },
  }),
};
