/** The state of a live source, from what it tells. */
import type { SourceEvent } from './port.ts';

export interface SourceHealth {
  /** `live`: every connection is open; `degraded`: some are; `down`: none is. */
  readonly state: 'live' | 'degraded' | 'down';
  readonly open: number;
  /** Open ones and those being tried. */
  readonly connections: number;
  readonly heldBack: boolean;
  readonly reconnects: number;
  /** Gaps seen, and records in them that are lost; the last counts where numbers tell. */
  readonly gaps: number;
  readonly lost: number;
  /** Why the last connection broke; '' before the first. */
  readonly lastCause: string;
}

export interface HealthWatch {
  see(event: SourceEvent): void;
  now(): SourceHealth | null;
}

export function sourceHealth(): HealthWatch {
  const connections = new Map<string, boolean>();
  let heldBack = false;
  let reconnects = 0;
  let gaps = 0;
  let lost = 0;
  let lastCause = '';
  return {
    see(event) {
      if (event.type === 'connected') {
        connections.set(event.connection, true);
      } else if (event.type === 'disconnected') {
        lastCause = event.cause;
        if (event.cause === 'closed') connections.delete(event.connection);
        else {
          connections.set(event.connection, false);
          reconnects++;
        }
      } else if (event.type === 'gap-closed') {
        gaps++;
        lost += Math.max(0, event.gap.missed - event.gap.recovered);
      } else if (event.type === 'held-back' || event.type === 'released') {
        heldBack = event.type === 'held-back';
      }
    },
    now() {
      if (connections.size === 0) return null;
      const open = [...connections.values()].filter(Boolean).length;
      const state = open === connections.size ? 'live' : open > 0 ? 'degraded' : 'down';
      return { state, open, connections: connections.size, heldBack, reconnects, gaps, lost, lastCause };
    },
  };
}
