/** Rows of a recording → ticks or posts, by a mapping. */
import { createHash } from 'node:crypto';
import { TickKind, TickSide, fail, type Post, type TickColumns } from '#proto';
import { columnsOf, type Mapping } from './mapping.ts';
import type { Fields } from './fields.ts';

/** Why a row cannot be published. */
export interface Problem {
  readonly code: 'MALFORMED_RECORD' | 'VALUE_OUT_OF_RANGE';
  readonly message: string;
}

export interface RowDecoder {
  /** The columns whose slots `Fields` must answer for, in order. */
  readonly columns: readonly string[];
  /** Receipt time of the row decoded last, microseconds; NaN while it could not be read. */
  readonly receiptTime: number;
  /**
   * Writes the row into `ticks` at index `length`, every column of it, without counting it in; or appends
   * its posts. On a problem neither holds anything that counts.
   * @param number of the row, for posts without an id
   */
  decode(fields: Fields, number: number, ticks: TickColumns, posts: Post[]): Problem | null;
}

/** The year 3000. */
const MAX_TIME_US = 32_503_680_000_000_000;

const malformed = (message: string): Problem => ({ code: 'MALFORMED_RECORD', message });
const outOfRange = (message: string): Problem => ({ code: 'VALUE_OUT_OF_RANGE', message });

const KINDS = { quote: TickKind.QUOTE, trade: TickKind.TRADE, bar: TickKind.BAR } as const;
const POST = 4;

/** A numeric column: where it stands in a row of ticks, and what it must be. */
interface Amount {
  readonly slot: number;
  readonly column: string;
  readonly target: Float64Array;
  /** `positive`: above 0; `zero`: at least 0; `optional`: at least 0, 0 when empty. */
  readonly rule: 'positive' | 'zero' | 'optional';
}

export interface PostOptions {
  /** Of the hash that stands for an author. */
  readonly authorSalt: string;
  /** Instruments that a text names, instead of those that the mapping's column holds. */
  readonly instrumentsOf?: (text: string) => readonly string[];
}

/** @throws CONFIG_INVALID when the mapping lacks what its kind needs */
export function compileMapping(mapping: Mapping, ticks: TickColumns, options: PostOptions): RowDecoder {
  const { authorSalt, instrumentsOf } = options;
  const columns = columnsOf(mapping);
  const slotOf = (column: string | undefined): number => (column === undefined ? -1 : columns.indexOf(column));
  const need = (given: unknown, what: string): void => {
    if (given === undefined || given === '') throw fail('CONFIG_INVALID', `mapping ${mapping.name}: ${what}`);
  };
  const { kind, post, instrument, interval } = mapping;
  const kinds = typeof kind === 'string' ? [kind] : (['quote', 'trade', 'bar'] as const).filter((name) => kind[name] !== undefined);
  if ('value' in instrument && !(instrumentsOf && kinds.includes('post'))) need(instrument.value, 'an instrument must be given');
  if (kinds.includes('quote')) need(mapping.bid && mapping.ask, 'quotes need bid and ask');
  if (kinds.includes('trade')) need(mapping.price, 'trades need a price');
  if (kinds.includes('bar')) need(mapping.close, 'bars need a close');
  if (kinds.includes('post')) need(post, 'posts need the section post');

  const amount = (column: string | undefined, target: Float64Array, rule: Amount['rule']): Amount[] =>
    column === undefined ? [] : [{ slot: slotOf(column), column, target, rule }];
  const amounts: Readonly<Record<number, readonly Amount[]>> = {
    [TickKind.QUOTE]: [
      ...amount(mapping.bid, ticks.bid, 'zero'),
      ...amount(mapping.bidSize, ticks.bidSize, 'optional'),
      ...amount(mapping.ask, ticks.ask, 'zero'),
      ...amount(mapping.askSize, ticks.askSize, 'optional'),
    ],
    [TickKind.TRADE]: [...amount(mapping.price, ticks.price, 'positive'), ...amount(mapping.size, ticks.size, 'optional')],
    [TickKind.BAR]: [
      ...amount(mapping.open, ticks.open, 'positive'),
      ...amount(mapping.high, ticks.high, 'positive'),
      ...amount(mapping.low, ticks.low, 'positive'),
      ...amount(mapping.close, ticks.price, 'positive'),
      ...amount(mapping.volume, ticks.size, 'optional'),
    ],
  };
  const cleared = [
    ticks.price, ticks.size, ticks.bid, ticks.bidSize, ticks.ask, ticks.askSize, ticks.open, ticks.high, ticks.low,
    ticks.interval, ticks.sequence, ticks.side,
  ];
  const sequenceSlot = slotOf(mapping.sequence);
  const kindSlot = typeof kind === 'object' ? slotOf(kind.column) : -1;
  const fixedKind = typeof kind === 'string' ? (kind === 'post' ? POST : KINDS[kind]) : -1;
  const sideSlot = slotOf(mapping.side?.column);
  const intervalSlot = interval && 'column' in interval ? slotOf(interval.column) : -1;
  const instrumentSlot = 'column' in instrument ? slotOf(instrument.column) : -1;
  const event = { slot: slotOf(mapping.eventTime.column), plus: mapping.eventTime.plusUs ?? 0, ...mapping.eventTime };
  const receipt = mapping.receiptTime && {
    slot: slotOf(mapping.receiptTime.column),
    plus: mapping.receiptTime.plusUs ?? 0,
    ...mapping.receiptTime,
  };

  /** Dictionary index of what the instrument column says. */
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    let id = ids.get(text);
    if (id === undefined) {
      id = ticks.instruments.push(instrumentOf(mapping, text)) - 1;
      ids.set(text, id);
    }
    return id;
  };

  function kindOf(fields: Fields): number {
    if (typeof kind === 'string') return fixedKind;
    const text = fields.text(kindSlot);
    if (text === kind.quote) return TickKind.QUOTE;
    if (text === kind.trade) return TickKind.TRADE;
    return text === kind.bar ? TickKind.BAR : -1;
  }

  function timeOf(fields: Fields, { slot, unit, plus }: typeof event): number {
    const time = fields.time(slot, unit) + plus;
    return time > 0 && time < MAX_TIME_US ? time : Number.isNaN(time) ? Number.NaN : Number.POSITIVE_INFINITY;
  }

  const badTime = (time: number, column: string): Problem | null => {
    if (Number.isNaN(time)) return malformed(`${column} is not a time`);
    return time === Number.POSITIVE_INFINITY ? outOfRange(`${column} is before 1970 or after 2999`) : null;
  };

  function writeTick(fields: Fields, at: number, tickKind: number): Problem | null {
    let text = '';
    if (instrumentSlot >= 0) {
      text = fields.text(instrumentSlot);
      if (text === '') return malformed(`${columns[instrumentSlot]} is empty`);
    }
    for (const values of cleared) values[at] = 0;
    for (const { slot, target, rule, column } of amounts[tickKind]!) {
      const value = fields.number(slot);
      target[at] = value;
      if (value > 0 && value < Number.POSITIVE_INFINITY) continue;
      if ((value === 0 && rule !== 'positive') || (rule === 'optional' && fields.isEmpty(slot))) target[at] = 0;
      else if (Number.isNaN(value)) return malformed(`${column} is not a number`);
      else return outOfRange(`${column} is ${value}`);
    }
    if (sequenceSlot >= 0 && !fields.isEmpty(sequenceSlot)) {
      const sequence = fields.number(sequenceSlot);
      if (Number.isNaN(sequence)) return malformed(`${mapping.sequence!} is not a number`);
      if (!Number.isSafeInteger(sequence)) return outOfRange(`${mapping.sequence!} is not a safe integer`);
      ticks.sequence[at] = sequence;
    }
    if (sideSlot >= 0 && tickKind === TickKind.TRADE) {
      const side = fields.text(sideSlot);
      if (side === mapping.side!.buy) ticks.side[at] = TickSide.BUY;
      else if (side === mapping.side!.sell) ticks.side[at] = TickSide.SELL;
    }
    if (interval && tickKind === TickKind.BAR) {
      const length = 'us' in interval ? interval.us : fields.isEmpty(intervalSlot) ? 0 : fields.time(intervalSlot, interval.unit);
      if (Number.isNaN(length)) return malformed('the interval is not a number');
      if (!(length >= 0 && length < MAX_TIME_US)) return outOfRange(`the interval is ${length}`);
      ticks.interval[at] = length;
    }
    ticks.kind[at] = tickKind;
    ticks.instrument[at] = idOf(text);
    return null;
  }

  function appendPosts(fields: Fields, number: number, times: readonly [number, number], posts: Post[]): Problem | null {
    const { id, text, author, language, synthetic } = post!;
    if (fields.isEmpty(slotOf(text))) return malformed(`${text} is empty`);
    const made = typeof synthetic === 'string' ? ['true', '1'].includes(fields.text(slotOf(synthetic)).toLowerCase()) : synthetic;
    const base = {
      source: ticks.source,
      eventTimeUs: times[0],
      receiptTimeUs: times[1],
      postId: id === undefined ? String(number) : fields.text(slotOf(id)),
      author: author === undefined || fields.isEmpty(slotOf(author)) ? '' : hashed(authorSalt, fields.text(slotOf(author))),
      text: fields.text(slotOf(text)),
      language: language === undefined ? '' : fields.text(slotOf(language)),
      synthetic: made ?? false,
      watermark: undefined,
    };
    for (const one of instrumentsOf?.(base.text) ?? instrumentsIn(fields)) posts.push({ instrument: one, ...base });
    return null;
  }

  function instrumentsIn(fields: Fields): readonly string[] {
    if ('value' in instrument) return [instrument.value];
    const texts = fields.texts(instrumentSlot, instrument.separator).map((one) => one.trim());
    return [...new Set(texts)].filter((one) => one !== '').map((one) => instrumentOf(mapping, one));
  }

  let receiptTime = Number.NaN;
  return {
    columns,
    get receiptTime() {
      return receiptTime;
    },
    decode(fields, number, into, posts) {
      const at = into.length;
      const eventTime = timeOf(fields, event);
      receiptTime = receipt ? timeOf(fields, receipt) : eventTime;
      const problem = badTime(eventTime, event.column) ?? (receipt ? badTime(receiptTime, receipt.column) : null);
      if (problem) return problem;
      const rowKind = kindOf(fields);
      if (rowKind < 0) return malformed(`${columns[kindSlot]} is '${fields.text(kindSlot).slice(0, 40)}'`);
      into.eventTime[at] = eventTime;
      into.receiptTime[at] = receiptTime;
      return rowKind === POST ? appendPosts(fields, number, [eventTime, receiptTime], posts) : writeTick(fields, at, rowKind);
    },
  };
}

function instrumentOf({ instrument }: Mapping, text: string): string {
  if ('value' in instrument) return instrument.value;
  const { prefix = '', map } = instrument;
  return prefix + (map && Object.hasOwn(map, text) ? map[text]! : text);
}

function hashed(salt: string, author: string): string {
  return createHash('sha256').update(salt).update('\0').update(author).digest('hex').slice(0, 16);
}
