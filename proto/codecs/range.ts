/** What numbers may enter: shared by the decoders. */

const MAX_TIME = 32_503_680_000_000_000; // The year 3000.

/** A time after the epoch and before the year 3000, in whole microseconds. */
export function isTime(value: number): boolean {
  return value > 0 && value < MAX_TIME && Number.isInteger(value);
}

/** A finite number that is not negative. */
export function isAmount(value: number): boolean {
  return value >= 0 && value < Number.POSITIVE_INFINITY;
}

const MAX_INSTRUMENT = 256;

/**
 * An instrument id: not empty, at most 256 characters, since it is part of keys, and not with an exclamation mark
 * first, which marks the manifests among the keys of a task.
 */
export function isInstrument(name: string | undefined): boolean {
  return name !== undefined && name !== '' && name.length <= MAX_INSTRUMENT && !name.startsWith('!');
}
