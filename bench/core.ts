/** The pure core and the floor under it: no queue, no encoding of outputs. */
import { FeatureEngine } from '#features';
import { Trainer } from '#processing';
import { decodeTicks, type FeatureRows, type TickColumns } from '#proto';

import { TICK_HEADERS, type TickRecords } from './ticks.ts';
import { TRAINING_DEFAULTS, type Workload } from './workload.ts';

const ROWS = 1024;

/** The floor: decode the batches, then mid and one exponentially weighted mean of it. */
export function bareLoop({ values }: TickRecords): number {
  let mean = 0;
  for (const value of values) {
    const { length, bid, ask } = decodeTicks({ value, headers: TICK_HEADERS });
    for (let i = 0; i < length; i++) mean += 0.01 * (0.5 * (bid[i]! + ask[i]!) - mean);
  }
  return mean;
}

/** Arrow batches → engine → trainer, rows handed over in memory. Answers the trainer's log loss. */
export function pureCore({ values }: TickRecords, { set, spec, target }: Workload): number {
  const engine = new FeatureEngine(set);
  const trainer = new Trainer({ task: 'bench', spec, featureSet: set.id, width: engine.width, target, ...TRAINING_DEFAULTS });
  const names: string[] = [];
  const rows = createRows(set.id, set.names, names);
  let ordinal = 0;
  const flush = (): void => {
    rows.ordinal = ordinal;
    trainer.process(rows, 0);
    ordinal += rows.length;
    rows.length = 0;
  };
  for (const value of values) {
    const ticks = decodeTicks({ value, headers: TICK_HEADERS });
    const ids = ticks.instruments.map((name) => engine.idOf(name));
    ids.forEach((id, word) => {
      names[id] = ticks.instruments[word]!;
    });
    for (let i = 0; i < ticks.length; i++) {
      fold(engine, ticks, i, ids[ticks.instrument[i]!]!, rows);
      if (rows.length === ROWS) flush();
    }
  }
  flush();
  return trainer.metrics().logLoss;
}

type MutableRows = { -readonly [K in keyof FeatureRows]: FeatureRows[K] };

function fold(engine: FeatureEngine, ticks: TickColumns, i: number, id: number, rows: MutableRows): void {
  const at = rows.length++;
  rows.warm[at] = engine.update(id, ticks, i, rows.values, at * engine.width);
  rows.instrument[at] = id;
  rows.eventTime[at] = ticks.eventTime[i]!;
  rows.receiptTime[at] = ticks.receiptTime[i]!;
  rows.price[at] = engine.price(id);
  rows.bid[at] = engine.bid(id);
  rows.ask[at] = engine.ask(id);
}

function createRows(featureSet: string, names: readonly string[], instruments: string[]): MutableRows {
  const f64 = (): Float64Array => new Float64Array(ROWS);
  return {
    length: 0,
    featureSet,
    names,
    task: 'features/0',
    ordinal: 0,
    instruments,
    instrument: new Int32Array(ROWS),
    eventTime: f64(),
    receiptTime: f64(),
    price: f64(),
    bid: f64(),
    ask: f64(),
    warm: new Uint8Array(ROWS),
    values: new Float32Array(ROWS * names.length),
  };
}
