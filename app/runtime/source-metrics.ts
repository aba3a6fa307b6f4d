/** The metrics of live sources, from what they tell. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import type { SourceEvent } from '#collectors';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function sourceMetrics(registry: Registry): (source: string, event: SourceEvent) => void {
  const registers = [registry];
  const frames = new Counter({ name: 'foretick_source_frames_total', help: 'Frames and bodies received, by what they were', labelNames: ['source', 'kind'], registers });
  const bytes = new Counter({ name: 'foretick_source_received_bytes_total', help: 'Bytes of frames and bodies received', labelNames: ['source'], registers });
  const skipped = new Counter({ name: 'foretick_source_skipped_total', help: 'Records not published: repeats, stale snapshots, overflow', labelNames: ['source', 'reason'], registers });
  const gaps = new Counter({ name: 'foretick_source_gaps_total', help: 'Gaps whose end is known, by cause', labelNames: ['source', 'stream', 'cause'], registers });
  const recovered = new Counter({ name: 'foretick_source_recovered_total', help: 'Records that were missed and fetched afterwards', labelNames: ['source', 'stream'], registers });
  const lost = new Counter({ name: 'foretick_source_lost_total', help: 'Records that are lost, where numbers tell', labelNames: ['source', 'stream'], registers });
  const reconnects = new Counter({ name: 'foretick_source_disconnects_total', help: 'Connections that ended or did not come up, by cause', labelNames: ['source', 'cause'], registers });
  const connected = new Gauge({ name: 'foretick_source_connections', help: 'Open connections', labelNames: ['source'], registers });
  const held = new Gauge({ name: 'foretick_source_held_back', help: '1 while reading is held back because the queue is slow', labelNames: ['source'], registers });
  const assigned = new Gauge({ name: 'foretick_source_partitions', help: 'Partitions of subscriptions that this process collects; 0: it stands by', labelNames: ['source'], registers });
  const lag = new Histogram({ name: 'foretick_source_lag_seconds', help: 'From receipt to durable, of the oldest row of an emission', labelNames: ['source'], buckets: SECONDS, registers });
  const open = new Map<string, Set<string>>();
  const openOf = (source: string): Set<string> => {
    let names = open.get(source);
    if (!names) {
      names = new Set();
      open.set(source, names);
    }
    return names;
  };

  return (source, event) => {
    switch (event.type) {
      case 'connected':
        openOf(source).add(event.connection);
        connected.set({ source }, openOf(source).size);
        break;
      case 'disconnected':
        openOf(source).delete(event.connection);
        connected.set({ source }, openOf(source).size);
        reconnects.inc({ source, cause: event.cause });
        break;
      case 'gap-closed': {
        const { stream, cause, missed, recovered: fetched } = event.gap;
        gaps.inc({ source, stream, cause });
        recovered.inc({ source, stream }, fetched);
        lost.inc({ source, stream }, Math.max(0, missed - fetched));
        break;
      }
      case 'traffic':
        for (const [kind, count] of event.frames) frames.inc({ source, kind }, count);
        for (const [reason, count] of event.skipped) skipped.inc({ source, reason }, count);
        bytes.inc({ source }, event.bytes);
        break;
      case 'published':
        lag.observe({ source }, event.lagUs / 1e6);
        break;
      case 'held-back':
      case 'released':
        held.set({ source }, event.type === 'held-back' ? 1 : 0);
        break;
      case 'assigned':
        assigned.set({ source }, event.partitions.length);
        break;
      case 'gap-opened':
      case 'note':
        break;
    }
  };
}
