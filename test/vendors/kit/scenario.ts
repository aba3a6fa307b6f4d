/** Faults as data: what goes wrong at a vendor, and when. */

export type Fault =
  /** Every connection is cut without a word. */
  | { readonly fault: 'cut' }
  /** The vendor closes every connection with this code. */
  | { readonly fault: 'close'; readonly code: number; readonly reason: string }
  /** Connections stay open, and nothing comes any more. */
  | { readonly fault: 'half-open' }
  /** So many frames that are none. */
  | { readonly fault: 'garbage'; readonly frames: number }
  /** The next frames are sent without their second half. */
  | { readonly fault: 'truncate'; readonly frames: number }
  /** The next frames are held and sent in the opposite order. */
  | { readonly fault: 'reorder'; readonly frames: number }
  /** The next frames of numbered streams are not sent. */
  | { readonly fault: 'gap'; readonly frames: number }
  /** The next frames are sent twice. */
  | { readonly fault: 'repeat'; readonly frames: number }
  /** Bytes come a few at a time, for so long. */
  | { readonly fault: 'drip'; readonly forMs: number }
  /** So many things happen at once. */
  | { readonly fault: 'flood'; readonly items: number }
  /** The vendor's clock is off by so much from now on. */
  | { readonly fault: 'skew'; readonly ms: number }
  /** Everything asked is answered with this status, for so long. */
  | { readonly fault: 'status'; readonly status: number; readonly forMs: number; readonly retryAfterS?: number }
  /** The vendor's name has no address, for so long. */
  | { readonly fault: 'dns'; readonly forMs: number }
  /** Connections are accepted and closed, for so long. */
  | { readonly fault: 'refuse'; readonly forMs: number }
  /** No TLS handshake succeeds, for so long. */
  | { readonly fault: 'tls'; readonly forMs: number };

export interface Scenario {
  readonly name: string;
  /** Milliseconds of the vendor's time. */
  readonly forMs: number;
  /** Things that happen a second. */
  readonly rate: number;
  readonly steps: readonly (Fault & { readonly at: number })[];
}

/** A scenario of one fault in the middle. */
export function oneFault(name: string, fault: Fault, { forMs = 20_000, rate = 20 }: { forMs?: number; rate?: number } = {}): Scenario {
  return { name, forMs, rate, steps: [{ at: forMs / 4, ...fault }] };
}

/** Many faults at random times: for soaks. */
export function randomFaults(random: () => number, faults: readonly Fault[], { forMs, rate, everyMs }: { forMs: number; rate: number; everyMs: number }): Scenario {
  const steps: (Fault & { at: number })[] = [];
  for (let at = everyMs; at < forMs - everyMs; at += everyMs * (0.5 + random())) steps.push({ at, ...faults[Math.floor(random() * faults.length)]! });
  return { name: 'random faults', forMs, rate, steps };
}
