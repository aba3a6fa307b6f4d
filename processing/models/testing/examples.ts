/** Labelled rows for tests, from a seed. */
import { gaussian, seededRandom as random, type LabelledRows } from '#models';

export { gaussian, random };

interface Shape {
  readonly width: number;
  readonly classes: number;
}

export function labelled(
  shape: Shape,
  features: Float32Array,
  labels: Uint8Array,
  instruments = new Int32Array(labels.length),
  predicted = new Float64Array(labels.length * shape.classes).fill(1 / shape.classes),
): LabelledRows {
  return { length: labels.length, features, labels, instruments, predicted };
}

/** Rows of features on very different scales, any label, five instruments. */
export function examples(shape: Shape, length: number, seed: number): LabelledRows {
  const next = random(seed * 7919 + 1);
  const normal = gaussian(next);
  const features = Float32Array.from({ length: length * shape.width }, (_, i) => normal() * 10 ** ((i % shape.width) - 1));
  const labels = Uint8Array.from({ length }, () => Math.floor(next() * shape.classes));
  const instruments = Int32Array.from({ length }, () => Math.floor(next() * 5));
  const predicted = new Float64Array(length * shape.classes);
  for (let i = 0; i < length; i++) {
    const top = Math.floor(next() * shape.classes);
    for (let c = 0; c < shape.classes; c++) predicted[i * shape.classes + c] = c === top ? 0.5 : 0.5 / (shape.classes - 1);
  }
  return labelled(shape, features, labels, instruments, predicted);
}
