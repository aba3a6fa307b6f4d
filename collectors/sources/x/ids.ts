/** Ids of posts are times: milliseconds since X's own epoch above 22 bits of something else. */
const EPOCH_MS = 1_288_834_974_657;
const SHIFT = 22n;

/** The first id of a time; microseconds. */
export const idAt = (timeUs: number): bigint => BigInt(Math.max(0, Math.floor(timeUs / 1000) - EPOCH_MS)) << SHIFT;

/** Microseconds. */
export const timeOfId = (id: bigint): number => (Number(id >> SHIFT) + EPOCH_MS) * 1000;

/** How far ids rise in so many microseconds. */
export const idsOf = (durationUs: number): bigint => BigInt(Math.floor(durationUs / 1000)) << SHIFT;
