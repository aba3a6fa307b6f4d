/** Memory of the feature engine with very many instruments. */
import { defaultFeatures, FeatureEngine } from '#features';
import { TickKind, ticksOf } from '#proto';

export interface MemoryUse {
  readonly instruments: number;
  /** Of one state row, bytes. */
  readonly state: number;
  /** Per instrument, bytes: heap and array buffers; and all that the process holds more than before. */
  readonly heapAndBuffers: number;
  readonly resident: number;
}

export function memoryPerInstrument(instruments: number): MemoryUse {
  const time = 1_700_000_000_000_000;
  const quote = { instrument: 'x', kind: TickKind.QUOTE, eventTime: time, receiptTime: time, bid: 100, ask: 101, bidSize: 1, askSize: 1 };
  const ticks = ticksOf('bench', [quote]);
  const before = used();
  const engine = new FeatureEngine(defaultFeatures);
  const row = new Float32Array(engine.width);
  for (let i = 0; i < instruments; i++) engine.update(engine.idOf(`venue:SYMBOL-${i}`), ticks, 0, row, 0);
  // As after a checkpoint.
  engine.takeDirty();
  const after = used();
  return {
    instruments: engine.size,
    state: engine.stateWidth * 8,
    heapAndBuffers: (after.heapAndBuffers - before.heapAndBuffers) / instruments,
    resident: (after.resident - before.resident) / instruments,
  };
}

function used(): { heapAndBuffers: number; resident: number } {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heapAndBuffers: heapUsed + arrayBuffers, resident: rss };
}
