/**
 * Who wrote the rows of a record, and which they are. An output is (task, ordinal): when it comes again, after a crash between outputs
 * and offsets, perhaps cut into other records, readers drop what they have seen. Rows of one record are consecutive.
 */
export interface RowIdentity {
  readonly task: string;
  /** Of the first row. */
  readonly ordinal: number;
}

/** Longer names are no tasks of ours: readers keep a count for each. */
const LONGEST_TASK = 256;

/** By the headers of a record; null where they do not say. */
export function identityOf({ task = '', ordinal = '' }: Readonly<Record<string, string>>): RowIdentity | null {
  if (task === '' || task.length > LONGEST_TASK || !/^\d{1,16}$/.test(ordinal)) return null;
  const first = Number(ordinal);
  return Number.isSafeInteger(first) ? { task, ordinal: first } : null;
}
