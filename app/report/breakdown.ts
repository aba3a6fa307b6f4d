/** What a report shows beyond the totals: outcomes by time, instrument and hour of the day, and why none was scored. */
import { topClass } from '#models';
import type { Outcome, Prediction } from '#proto';

import { LossSeries } from './losses.ts';

export interface Cell {
  predictions: number;
  abstained: number;
  expired: number;
  readonly losses: LossSeries;
}

export interface ModelBreakdown {
  readonly all: Cell;
  readonly byInstrument: ReadonlyMap<string, Cell>;
  /** By hour of the UTC day of the prediction's event time, 0 to 23. */
  readonly byHour: ReadonlyMap<string, Cell>;
  /** Predictions withheld, by reason. */
  readonly abstained: ReadonlyMap<string, number>;
}

const HOUR_US = 3_600_000_000;

/** Fed every prediction and outcome of a run, each once. */
export class Breakdown {
  readonly #blockUs: number;
  readonly #models = new Map<string, ModelCells>();

  /** @param blockUs two horizons: see BlockMeans */
  constructor(blockUs: number) {
    this.#blockUs = blockUs;
  }

  prediction({ model, instrument, eventTimeUs, abstained }: Prediction): void {
    const cells = this.#of(model);
    for (const cell of cells.of(instrument, eventTimeUs)) {
      cell.predictions += 1;
      if (abstained !== '') cell.abstained += 1;
    }
    if (abstained !== '') cells.abstained.set(abstained, (cells.abstained.get(abstained) ?? 0) + 1);
  }

  outcome({ model, instrument, eventTimeUs, dueTimeUs, expired, label, logLoss, probabilities }: Outcome): void {
    for (const cell of this.#of(model).of(instrument, eventTimeUs)) {
      if (expired) cell.expired += 1;
      else cell.losses.add(dueTimeUs, logLoss, topClass(Float64Array.from(probabilities), 0, probabilities.length) === label);
    }
  }

  of(model: string): ModelBreakdown {
    return this.#of(model);
  }

  #of(model: string): ModelCells {
    let cells = this.#models.get(model);
    if (!cells) {
      cells = new ModelCells(this.#blockUs);
      this.#models.set(model, cells);
    }
    return cells;
  }
}

class ModelCells implements ModelBreakdown {
  readonly all: Cell;
  readonly byInstrument = new Map<string, Cell>();
  readonly byHour = new Map<string, Cell>();
  readonly abstained = new Map<string, number>();
  readonly #blockUs: number;

  constructor(blockUs: number) {
    this.#blockUs = blockUs;
    this.all = this.#cell();
  }

  of(instrument: string, eventTimeUs: number): readonly Cell[] {
    const hour = String(Math.floor(eventTimeUs / HOUR_US) % 24).padStart(2, '0');
    return [this.all, this.#in(this.byInstrument, instrument), this.#in(this.byHour, hour)];
  }

  #in(cells: Map<string, Cell>, key: string): Cell {
    let cell = cells.get(key);
    if (!cell) {
      cell = this.#cell();
      cells.set(key, cell);
    }
    return cell;
  }

  #cell(): Cell {
    return { predictions: 0, abstained: 0, expired: 0, losses: new LossSeries(this.#blockUs) };
  }
}
