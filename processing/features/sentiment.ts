import { decayed, latest } from './decayed.ts';
import type { Feature } from './feature.ts';

/**
 * Features of what posts say, by the `sentimentOf` that the engine is given: in [-1, 1], 0 for neutral. Without one
 * every post is neutral and both columns are 0.
 */

const HOUR = 3600;

export const sentiment1h: Feature = {
  name: 'sentiment_1h',
  unit: 'in [-1, 1]',
  doc: {
    what: 'Mean sentiment of posts, half-life 1 hour, drawn to neutral by one neutral post: it fades when posts are few or old.',
    formula: 'Σ s · 2^(−age/3600 s) / (1 + Σ 2^(−age/3600 s)), s = sentiment in [-1, 1], age since receipt',
    source: 'Tetlock, Giving Content to Investor Sentiment (2007); Robbins, An Empirical Bayes Approach (1956): shrinkage',
  },
  width: 3,
  create: () => ({
    update(state, at, event) {
      const since = state[at + 2]!;
      const sum = decayed(state[at]!, since, event.receiptTime, HOUR);
      return sum / (1 + decayed(state[at + 1]!, since, event.receiptTime, HOUR));
    },
    post(state, at, time, _post, sentiment) {
      const since = state[at + 2]!;
      state[at] = decayed(state[at]!, since, time, HOUR) + sentiment;
      state[at + 1] = decayed(state[at + 1]!, since, time, HOUR) + 1;
      state[at + 2] = latest(since, time);
    },
  }),
};

const SHOCK = 300;
const USUAL_POSTS = 50;
const KEEP = Math.pow(2, -1 / USUAL_POSTS);

export const sentimentSurprise5m: Feature = {
  name: 'sentiment_surprise_5m',
  unit: 'sum of differences in [-2, 2]',
  doc: {
    what: 'How much better than usual posts are, summed with half-life 5 minutes; the usual: mean over posts, half-life 50 posts, from neutral.',
    formula: 'Σ (s − u) · 2^(−age/300 s), u = (1 − 2^(−1/50)) · Σ s · 2^(−k/50) over the posts before, k = 0 for the newest of them',
    source: 'Tetlock, Saar-Tsechansky & Macskassy, More Than Words (2008): standardised against the past; Antweiler & Frank (2004)',
  },
  width: 3,
  create: () => ({
    update: (state, at, event) => decayed(state[at]!, state[at + 1]!, event.receiptTime, SHOCK),
    post(state, at, time, _post, sentiment) {
      const usual = state[at + 2]!;
      state[at] = decayed(state[at]!, state[at + 1]!, time, SHOCK) + (sentiment - usual);
      state[at + 1] = latest(state[at + 1]!, time);
      state[at + 2] = sentiment + KEEP * (usual - sentiment);
    },
  }),
};
