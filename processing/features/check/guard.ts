import type { Feature, FeatureEvent, FeatureKernel } from '../feature.ts';

/** Values before and behind a guarded state. */
const GUARD = 64;

/**
 * The same feature, run on a copy of its state that lies between guards of NaN: what it writes outside is told to
 * `report`, what it reads there is NaN and shows in its values. Told as well: a change of the event or of its tick,
 * and a value of state that is not finite.
 */
export function guarded(feature: Feature, report: (finding: string) => void): Feature {
  const { width } = feature;
  return {
    ...feature,
    create(env): FeatureKernel {
      const { init, update, post } = feature.create(env);
      const copy = new Float64Array(2 * GUARD + width).fill(NaN);
      const inside = <T>(state: Float64Array, at: number, call: () => T): T => {
        copy.set(state.subarray(at, at + width), GUARD);
        const result = call();
        if (!intact(copy, width)) {
          report('writes outside its state');
          copy.fill(NaN, 0, GUARD).fill(NaN, GUARD + width);
        }
        for (let k = 0; k < width; k++) {
          const value = copy[GUARD + k]!;
          if (!Number.isFinite(value)) report('its state is not finite');
          state[at + k] = value;
        }
        return result;
      };
      return {
        ...(init && { init: (state: Float64Array, at: number) => { inside(state, at, () => { init(copy, GUARD); }); } }),
        update(state, at, event) {
          const before = fingerprint(event);
          const value = inside(state, at, () => update(copy, GUARD, event));
          if (before !== fingerprint(event)) report('changes the event it is given');
          return value;
        },
        ...(post && {
          post: (state, at, time, message, sentiment) => {
            inside(state, at, () => { post(copy, GUARD, time, message, sentiment); });
          },
        }),
      };
    },
  };
}

function intact(copy: Float64Array, width: number): boolean {
  for (let k = 0; k < GUARD; k++) if (!Number.isNaN(copy[k]) || !Number.isNaN(copy[GUARD + width + k])) return false;
  return true;
}

/** All numbers of the event, its decays and its tick. */
function fingerprint(event: FeatureEvent): string {
  const { ticks, index, decays, ...fields } = event;
  const { kind, eventTime, receiptTime, sequence, price, size, side, bid, bidSize, ask, askSize, open, high, low, interval } = ticks;
  const columns = [kind, eventTime, receiptTime, sequence, price, size, side, bid, bidSize, ask, askSize, open, high, low, interval];
  return [...Object.values(fields), index, ...decays, ...columns.map((column) => column[index])].join();
}
