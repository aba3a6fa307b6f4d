/** Baselines of regression: what always runs beside a model. */
import { fail, type SnapshotSection } from '#proto';

import { checkTargets } from './linear-regression.ts';
import type { Regressor, TargetRows } from './regressor.ts';
import { SectionReader, section } from './section.ts';

/** The mean of all targets so far, or the newest one; 0 before the first. */
export class TargetBaseline implements Regressor {
  readonly kind: 'mean' | 'last';
  readonly width: number;
  #count = 0;
  #value = 0;
  #step = 0;

  constructor(options: { kind: 'mean' | 'last'; width: number }) {
    this.kind = options.kind;
    this.width = options.width;
  }

  get step(): number {
    return this.#step;
  }

  predictRow(): number {
    return this.#value;
  }

  learn(rows: TargetRows): void {
    checkTargets(rows, this.width);
    for (let i = 0; i < rows.length; i++) {
      const target = rows.targets[i]!;
      this.#count += 1;
      this.#value = this.kind === 'last' ? target : this.#value + (target - this.#value) / this.#count;
    }
    this.#step += 1;
  }

  save(): SnapshotSection {
    return section({ kind: this.kind, step: this.#step, width: this.width, count: this.#count }, { value: Float64Array.of(this.#value) });
  }

  restore(from: SnapshotSection): void {
    const reader = new SectionReader<{ kind: string; step: number; width: number; count: number }>(from, 'model');
    const { kind, step, width, count } = reader.document;
    if (kind !== this.kind || width !== this.width) throw fail('SNAPSHOT_CORRUPT', `a snapshot of ${kind} of ${width} features`);
    this.#value = reader.f64('value', 1)[0]!;
    this.#count = count;
    this.#step = step;
  }
}
