/** A table as it is evaluated: which columns are features, what the target is, and the rows in their order. */
import { scanTable, type TableRow } from '#collectors';
import { fail } from '#proto';

import type { Task } from './models.ts';

export interface TableOptions {
  readonly file: string;
  readonly target: string;
  readonly drop: readonly string[];
  /** @default by the target: classes when it is text, or whole numbers of few different values */
  readonly task?: Task | undefined;
  /** Of two classes, the one that F1 and AUC are about. @default the last in order */
  readonly positive?: string | undefined;
}

export interface TablePlan {
  readonly file: string;
  readonly task: Task;
  readonly features: readonly string[];
  /** In order; empty for regression. */
  readonly classes: readonly string[];
  readonly rows: number;
  /** Each row in order: features, valid until the next, and a class index or a number. */
  read(take: (features: Float32Array, truth: number) => void): Promise<void>;
}

/** Whole numbers of at most so many values are taken for classes. */
const FEW = 20;
const MOST_CLASSES = 255;

/** Reads the table once to know its columns and classes. @throws FILE_UNREADABLE, UNKNOWN_FORMAT, MALFORMED_RECORD, CONFIG_INVALID */
export async function planTable({ file, target, drop, task: asked, positive }: TableOptions): Promise<TablePlan> {
  const values = new Set<string>();
  const seen = { numeric: true };
  let columns: readonly string[] = [];
  let truth = -1;
  const rows = await scanTable(file, (names) => {
    columns = names;
    for (const name of [target, ...drop]) {
      if (!names.includes(name)) throw fail('CONFIG_INVALID', `${file} has no column '${name}'; there are ${names.join(', ')}`);
    }
    if (drop.includes(target)) throw fail('CONFIG_INVALID', `the target '${target}' cannot be dropped`);
    truth = names.indexOf(target);
    return (row) => {
      if (row.isEmpty(truth)) throw fail('MALFORMED_RECORD', `${file}: row ${row.number}: '${target}' is empty`);
      if (values.size <= MOST_CLASSES) values.add(row.text(truth));
      seen.numeric &&= Number.isFinite(row.value(truth));
    };
  });
  if (rows === 0) throw fail('UNKNOWN_FORMAT', `${file} has no rows`);
  const features = columns.filter((name) => name !== target && !drop.includes(name));
  if (features.length === 0) throw fail('CONFIG_INVALID', `${file} has no columns left to learn from`);
  const { numeric } = seen;
  const task = asked ?? guess(values, numeric);
  if (task === 'regression' && !numeric) throw fail('CONFIG_INVALID', `'${target}' is not numeric: it cannot be the target of a regression`);
  const classes = task === 'regression' ? [] : orderedClasses(values, numeric, target, positive);
  const places = features.map((name) => columns.indexOf(name));
  const index = new Map(classes.map((name, i) => [name, i]));
  return {
    file,
    task,
    features,
    classes,
    rows,
    async read(take) {
      const row = new Float32Array(features.length);
      await scanTable(file, () => (from) => {
        places.forEach((place, j) => { row[j] = number(file, from, place, features[j]!); });
        take(row, task === 'regression' ? from.value(truth) : index.get(from.text(truth))!);
      });
    },
  };
}

function number(file: string, row: TableRow, place: number, name: string): number {
  const value = row.value(place);
  // What float32 cannot hold is no feature.
  if (Number.isFinite(Math.fround(value))) return value;
  const text = row.text(place);
  if (text === 'true' || text === 'false') return text === 'true' ? 1 : 0;
  const what = row.isEmpty(place) ? 'is empty' : `is '${text.slice(0, 40)}', no number that can be learned from`;
  throw fail('MALFORMED_RECORD', `${file}: row ${row.number}: '${name}' ${what}; --drop ${name} leaves the column out`);
}

function guess(values: ReadonlySet<string>, numeric: boolean): Task {
  if (!numeric) return 'classification';
  return values.size <= FEW && [...values].every((value) => Number.isInteger(Number(value))) ? 'classification' : 'regression';
}

function orderedClasses(values: ReadonlySet<string>, numeric: boolean, target: string, positive: string | undefined): string[] {
  if (values.size > MOST_CLASSES) throw fail('CONFIG_INVALID', `'${target}' has more than ${MOST_CLASSES} values: evaluate it as a regression, or name another target`);
  if (values.size < 2) throw fail('CONFIG_INVALID', `'${target}' is '${[...values].join()}' in every row: there is nothing to tell apart`);
  const classes = [...values].sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1));
  if (positive === undefined) return classes;
  if (!values.has(positive)) throw fail('CONFIG_INVALID', `'${target}' is never '${positive}'; it is ${classes.join(', ')}`);
  if (classes.length !== 2) throw fail('CONFIG_INVALID', `a positive class is for targets of two; '${target}' has ${classes.length}`);
  return [classes.find((name) => name !== positive)!, positive];
}
