/** Snapshot sections: a JSON document of scalars, and named typed arrays. */
import { fail, type SnapshotSection } from '#proto';

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
} as const;

type NumberArray = Float32Array | Float64Array | Int32Array | Uint8Array;
type Dtype = keyof typeof ARRAYS;

function dtypeOf(values: NumberArray): Dtype {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Float64Array) return 'float64';
  return values instanceof Int32Array ? 'int32' : 'uint8';
}

/** Copies: later changes of the arrays do not reach the section. */
export function section(document: unknown, tensors: Readonly<Record<string, NumberArray>> = {}): SnapshotSection {
  return {
    document: JSON.stringify(document),
    tensors: Object.entries(tensors).map(([name, values]) => ({
      name,
      dtype: dtypeOf(values),
      shape: [values.length],
      data: Buffer.from(Uint8Array.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))),
    })),
  };
}

/** Reads a section; whatever is missing or of another shape is SNAPSHOT_CORRUPT. */
export class SectionReader<T extends object> {
  readonly document: T;
  readonly #section: SnapshotSection;

  constructor(from: SnapshotSection | undefined, name: string) {
    if (!from) throw fail('SNAPSHOT_CORRUPT', `section ${name} is missing`);
    let document: unknown;
    try {
      document = JSON.parse(from.document);
    } catch (cause) {
      throw fail('SNAPSHOT_CORRUPT', `section ${name} is not JSON`, { cause });
    }
    if (typeof document !== 'object' || document === null) throw fail('SNAPSHOT_CORRUPT', `section ${name} is not an object`);
    this.document = document as T;
    this.#section = from;
  }

  f32(name: string, length?: number): Float32Array {
    return this.#tensor(name, 'float32', length) as Float32Array;
  }

  f64(name: string, length?: number): Float64Array {
    return this.#tensor(name, 'float64', length) as Float64Array;
  }

  i32(name: string, length?: number): Int32Array {
    return this.#tensor(name, 'int32', length) as Int32Array;
  }

  u8(name: string, length?: number): Uint8Array {
    return this.#tensor(name, 'uint8', length) as Uint8Array;
  }

  #tensor(name: string, dtype: Dtype, length: number | undefined): NumberArray {
    const tensor = this.#section.tensors.find((candidate) => candidate.name === name);
    if (tensor?.dtype !== dtype) throw fail('SNAPSHOT_CORRUPT', `tensor ${name} is missing or not ${dtype}`);
    const Kind = ARRAYS[dtype];
    const bytes = Uint8Array.from(tensor.data);
    const count = bytes.byteLength / Kind.BYTES_PER_ELEMENT;
    if (!Number.isInteger(count) || (length !== undefined && count !== length)) {
      throw fail('SNAPSHOT_CORRUPT', `tensor ${name} has ${count} values, not ${length ?? 'a whole number of'}`);
    }
    return new Kind(bytes.buffer);
  }
}
