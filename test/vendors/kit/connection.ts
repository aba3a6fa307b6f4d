/** One client of a stand-in, whatever carries it, with the faults of frames between the vendor's code and the wire. */
import type { Ledger } from './ledger.ts';
import type { MarketItem } from './market.ts';

export interface Wire {
  write(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
  /** A WebSocket ping. */
  ping?(payload: string): void;
  /** Bytes that wait for the client to read. */
  buffered(): number;
}

/** How many frames each fault of frames still has to spoil; shared by all connections of a stand-in. */
export interface FrameFaults {
  truncate: number;
  reorder: number;
  gap: number;
  repeat: number;
}

export interface ConnectionOptions {
  readonly id: number;
  readonly wire: Wire;
  readonly faults: FrameFaults;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly numbered: (item: MarketItem) => boolean;
}

export class VendorConnection {
  readonly id: number;
  open = true;
  /** Nothing that is sent arrives any more. */
  deaf = false;
  /** Milliseconds of the vendor's time; infinite while it is open. */
  endedAt = Infinity;
  readonly #options: ConnectionOptions;
  #held: { data: string | Uint8Array; about: readonly MarketItem[] }[] = [];

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.#options = options;
  }

  /** Greetings, answers, heartbeats: not spoiled. */
  control(data: string | Uint8Array): void {
    if (this.open) this.#options.wire.write(data);
  }

  /** A frame about what happened: faults may spoil it. */
  send(data: string | Uint8Array, about: readonly MarketItem[]): void {
    if (!this.open) return;
    const { faults, ledger, numbered } = this.#options;
    if (faults.reorder > 0) {
      this.#held.push({ data, about });
      faults.reorder--;
      if (faults.reorder > 0) return;
      const held = this.#held.reverse();
      this.#held = [];
      held.forEach((frame, i) => {
        if (i > 0) for (const item of frame.about) ledger.of(item).reordered = true;
        this.#out(frame.data, frame.about);
      });
      return;
    }
    // Held on another connection: this one's go out first.
    for (const frame of this.#held.splice(0)) this.#out(frame.data, frame.about);
    if (faults.gap > 0 && about.every(numbered)) {
      faults.gap--;
      return;
    }
    if (faults.truncate > 0) {
      faults.truncate--;
      const half = data.slice(0, Math.floor(data.length / 2));
      for (const item of about) ledger.of(item).damaged.push(asText(half));
      this.spoil(half);
      return;
    }
    this.#out(data, about);
    if (faults.repeat > 0) {
      faults.repeat--;
      this.#out(data, about);
    }
  }

  /** Sends what cannot be read. */
  spoil(frame: string | Uint8Array): void {
    if (!this.open) return;
    const { ledger, now, wire } = this.#options;
    ledger.spoiled.push({ frame: asText(frame), at: now(), connection: this });
    wire.write(frame);
  }

  ping(payload = ''): void {
    if (this.open) this.#options.wire.ping?.(payload);
  }

  close(code: number, reason: string): void {
    if (this.open) this.#options.wire.close(code, reason);
  }

  buffered(): number {
    return this.#options.wire.buffered();
  }

  #out(data: string | Uint8Array, about: readonly MarketItem[]): void {
    const { ledger, now, wire } = this.#options;
    for (const item of about) {
      const entry = ledger.of(item);
      entry.sent++;
      entry.sentAt = now();
    }
    wire.write(data);
  }
}

export function asText(data: string | Uint8Array): string {
  return typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
}
