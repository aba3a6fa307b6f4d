/** What is predicted: the direction of the reference price after a horizon of event time. */
import { fail, type Target } from '#proto';

export interface TargetOptions {
  /** Microseconds. */
  readonly horizonUs: number;
  /** A move of at most this many basis points is flat. Only with three classes. */
  readonly deadBandBps: number;
  /** 3: down, flat, up. 2: down or unchanged, up. */
  readonly classes: 2 | 3;
  /**
   * A label expires when the newest price of its instrument, or the whole log, is silent for longer than this
   * around the time it falls due. Microseconds.
   */
  readonly toleranceUs: number;
}

export function classNames(target: TargetOptions): readonly string[] {
  return target.classes === 3 ? ['down', 'flat', 'up'] : ['not_up', 'up'];
}

/** Class index of a log return in basis points. */
export function labelOf(target: TargetOptions, returnBps: number): number {
  if (target.classes === 2) return returnBps > 0 ? 1 : 0;
  if (returnBps > target.deadBandBps) return 2;
  return returnBps < -target.deadBandBps ? 0 : 1;
}

export function targetMessage(target: TargetOptions): Target {
  return { horizonUs: target.horizonUs, deadBandBps: target.deadBandBps, classes: [...classNames(target)] };
}

export function checkTarget(target: TargetOptions): TargetOptions {
  if (!(target.horizonUs > 0) || !(target.deadBandBps >= 0) || !(target.toleranceUs > 0)) {
    throw fail('CONFIG_INVALID', 'horizon and tolerance must be positive, the dead band not negative');
  }
  return target;
}
