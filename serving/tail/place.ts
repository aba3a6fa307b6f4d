/** Where reading of a topic begins, as people write it. Times are those of appending, in milliseconds. */
export type Place = 'earliest' | 'latest' | { readonly time: number };

export const PLACES = 'earliest, latest, an ISO 8601 time, or milliseconds since the epoch';

/** Null when it is none of `PLACES`. */
export function placeOf(text: string): Place | null {
  if (text === 'earliest' || text === 'latest') return text;
  const time = /^\d{1,16}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(time) ? { time } : null;
}
