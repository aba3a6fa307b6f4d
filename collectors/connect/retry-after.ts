/** How long a vendor asks us to wait: Retry-After (RFC 9110), or the headers of X and of Mastodon. */

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Milliseconds from `nowMs`; null when no header says it. */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const after = first(headers['retry-after']);
  if (after !== undefined) {
    if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
    const date = Date.parse(after);
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  // Seconds since the epoch at which the window begins anew: only of use where none are left.
  const reset = first(headers['x-rate-limit-reset']);
  const remaining = first(headers['x-rate-limit-remaining']);
  if (reset !== undefined && /^\d+$/.test(reset) && (remaining === undefined || Number(remaining) <= 0)) return Math.max(0, Number(reset) * 1000 - nowMs);
  // The same as a date.
  const until = first(headers['x-ratelimit-reset']);
  if (until?.includes('T') === true && first(headers['x-ratelimit-remaining']) === '0') {
    const date = Date.parse(until);
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  return null;
}

function first(header: string | string[] | undefined): string | undefined {
  return (Array.isArray(header) ? header[0] : header)?.trim();
}
