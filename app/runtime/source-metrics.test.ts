import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';

import type { SourceEvent } from '#collectors';
import { Gap } from '#proto';

import { sourceMetrics } from './source-metrics.ts';

test('what a live source tells becomes metrics', async () => {
  const registry = new Registry();
  const tell = sourceMetrics(registry);
  const gap = Gap.fromPartial({ source: 's', stream: 'trade', cause: 'sequence', missed: 5, recovered: 3 });
  const events: SourceEvent[] = [
    { type: 'connected', connection: 's/1', attempt: 1 },
    { type: 'connected', connection: 's/2', attempt: 1 },
    { type: 'disconnected', connection: 's/2', cause: 'silent', message: '', delayMs: 0 },
    { type: 'gap-opened', gap },
    { type: 'gap-closed', gap },
    { type: 'traffic', frames: new Map([['ticker', 3], ['match', 2]]), bytes: 100, skipped: new Map([['repeat', 1]]) },
    { type: 'traffic', frames: new Map([['ticker', 1]]), bytes: 11, skipped: new Map() },
    { type: 'published', lagUs: 4000 },
    { type: 'held-back' },
    { type: 'note', message: 'x' },
  ];
  for (const event of events) tell('s', event);
  const text = await registry.metrics();
  for (const line of [
    'foretick_source_connections{source="s"} 1',
    'foretick_source_disconnects_total{source="s",cause="silent"} 1',
    'foretick_source_gaps_total{source="s",stream="trade",cause="sequence"} 1',
    'foretick_source_recovered_total{source="s",stream="trade"} 3',
    'foretick_source_lost_total{source="s",stream="trade"} 2',
    'foretick_source_frames_total{source="s",kind="ticker"} 4',
    'foretick_source_received_bytes_total{source="s"} 111',
    'foretick_source_skipped_total{source="s",reason="repeat"} 1',
    'foretick_source_lag_seconds_bucket{le="0.005",source="s"} 1',
    'foretick_source_held_back{source="s"} 1',
  ]) expect(text).toContain(line);
});
