/** Losses of one model over time, summed up in blocks: as much of them as a report needs, in bounded memory. */
import { BlockMeans, type MeanInterval } from '#models';

interface Block {
  loss: number;
  hits: number;
  count: number;
}

/** Above this many blocks pairs of neighbours become one. */
const MAX_BLOCKS = 2048;

export class LossSeries {
  /** Length of a block; doubles as the series grows. */
  #blockUs: number;
  #blocks = new Map<number, Block>();

  /** @param blockUs length of a block at first, microseconds: two horizons, see BlockMeans */
  constructor(blockUs: number) {
    this.#blockUs = blockUs;
  }

  get blockUs(): number {
    return this.#blockUs;
  }

  add(timeUs: number, loss: number, hit: boolean): void {
    const index = Math.floor(timeUs / this.#blockUs);
    const block = this.#blocks.get(index);
    if (block) {
      block.loss += loss;
      block.hits += hit ? 1 : 0;
      block.count += 1;
      return;
    }
    this.#blocks.set(index, { loss, hits: hit ? 1 : 0, count: 1 });
    while (this.#blocks.size > MAX_BLOCKS) this.#coarsen();
  }

  /** Start times of the blocks, ascending. */
  times(): number[] {
    return [...this.#blocks.keys()].sort((a, b) => a - b).map((index) => index * this.#blockUs);
  }

  /** What fell into the block that begins at `timeUs`. */
  at(timeUs: number): Readonly<Block> {
    return this.#blocks.get(Math.round(timeUs / this.#blockUs)) ?? { loss: 0, hits: 0, count: 0 };
  }

  total(): Readonly<Block> {
    const sum = { loss: 0, hits: 0, count: 0 };
    for (const { loss, hits, count } of this.#blocks.values()) {
      sum.loss += loss;
      sum.hits += hits;
      sum.count += count;
    }
    return sum;
  }

  #coarsen(): void {
    const wider = new Map<number, Block>();
    for (const [index, block] of this.#blocks) {
      const half = wider.get(Math.floor(index / 2));
      if (!half) {
        wider.set(Math.floor(index / 2), block);
        continue;
      }
      half.loss += block.loss;
      half.hits += block.hits;
      half.count += block.count;
    }
    this.#blocks = wider;
    this.#blockUs *= 2;
  }
}

/**
 * Mean of `own` minus `other` with its 95 % interval, over these blocks. Null where the two did not score the same number of
 * rows in each: then they are not to be compared like this.
 * @param times starts of blocks of `own` @default all of them
 */
export function lossDifference(own: LossSeries, other: LossSeries, times: readonly number[] = own.times()): MeanInterval | null {
  if (own.blockUs !== other.blockUs) return null;
  const means = new BlockMeans(own.blockUs);
  for (const time of times) {
    const [a, b] = [own.at(time), other.at(time)];
    if (a.count !== b.count) return null;
    means.add(time, a.loss - b.loss, a.count);
  }
  return means.interval();
}

/** Mean loss, or share of hits, with its 95 % interval over these blocks. */
export function meanOf(series: LossSeries, what: 'loss' | 'hits', times: readonly number[] = series.times()): MeanInterval {
  const means = new BlockMeans(series.blockUs);
  for (const time of times) {
    const block = series.at(time);
    means.add(time, block[what], block.count);
  }
  return means.interval();
}

/** Points of a chart at most. */
const POINTS = 200;
/** An interval of fewer blocks says little. */
const FEWEST = 6;
const WINDOWS = 12;

/** Windows that roll over the blocks: each a run of their start times, a twelfth of them and at least six. */
export function rollingWindows(times: readonly number[]): number[][] {
  const length = Math.max(FEWEST, Math.ceil(times.length / WINDOWS));
  const step = Math.max(1, Math.ceil((times.length - length) / POINTS));
  const windows: number[][] = [];
  for (let end = length; end <= times.length; end += step) windows.push(times.slice(end - length, end));
  return windows;
}
