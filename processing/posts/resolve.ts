import { fail } from '#proto';
import { compileNames, type Name } from './names.ts';
import { Scanner } from './scan.ts';
import { compileSymbols } from './symbols.ts';
import { defaultContextWords, defaultStopWords, type InstrumentTable } from './table.ts';
import { Units } from './units.ts';

/**
 * The instruments a text names, each once, in the order of their first mention. Costs time in proportion to the text (times,
 * at worst, the words of the longest name), whatever is in it.
 */
export type Resolver = (text: string) => readonly string[];

const NONE: readonly string[] = Object.freeze([]);
const NEVER = -1;

/**
 * Compile a table. Throws CONFIG_INVALID: an asset without instruments, an instrument, symbol or name of two assets, a symbol
 * or name that no post could contain.
 *
 * Names are matched whole and longest first ("Bank of America", not "America"), symbols as cashtags or in capitals. Handles
 * (`@apple`) and addresses (`https://…`) name nothing.
 */
export function createResolver(table: InstrumentTable): Resolver {
  const units = new Units();
  const instruments = instrumentsOf(table);
  return (text) => instruments(units.load(text));
}

/** The same, of a text that is loaded already. */
export function instrumentsOf(table: InstrumentTable): (units: Units) => readonly string[] {
  const { assets, stopWords = defaultStopWords, contextWords = defaultContextWords } = table;
  const instruments = assets.map((asset) => Object.freeze([...asset.instruments]));
  checkInstruments(instruments);
  const names = compileNames(assets.map((asset) => asset.names ?? []), contextWords);
  const scanner = new Scanner(names, compileSymbols(assets, stopWords), (asset, at) => {
    inContext = true;
    if (asset >= 0) mention(asset, at);
  });

  // Of the text at hand: where each asset is first named, and where it would be in context.
  const firsts = new Int32Array(assets.length).fill(NEVER);
  const waiting = new Int32Array(assets.length).fill(NEVER);
  const found: number[] = [];
  const maybe: number[] = [];
  let inContext = false;

  function mention(asset: number, at: number): void {
    if (firsts[asset] === NEVER) found.push(asset);
    if (firsts[asset] === NEVER || at < firsts[asset]!) firsts[asset] = at;
  }

  function accepted(candidates: readonly Name[], text: string, start: number, end: number): Name | undefined {
    for (const name of candidates) {
      if (name.written === null) return name;
      const said = text.slice(start, end);
      if (said === name.written || said === name.written.toUpperCase()) return name;
    }
    return undefined;
  }

  /** The place after the longest name that begins at token `from`, or the next one. */
  function match(text: string, from: number): number {
    const { ids, starts, ends, length } = scanner;
    let node = names.roots[ids[from]!]!;
    let best: Name | undefined;
    let after = from + 1;
    for (let i = from; node >= 0; ) {
      const candidates = names.ends[node]!;
      const name = candidates.length === 0 ? undefined : accepted(candidates, text, starts[from]!, ends[i]!);
      i += 1;
      if (name !== undefined) {
        best = name;
        after = i;
      }
      node = i < length && ids[i]! >= 0 ? names.step(node, ids[i]!) : -1;
    }
    if (best === undefined) return after;
    if (!best.context) mention(best.asset, starts[from]!);
    else if (waiting[best.asset] === NEVER) {
      waiting[best.asset] = starts[from]!;
      maybe.push(best.asset);
    }
    return after;
  }

  function outcome(): readonly string[] {
    for (const asset of maybe) {
      if (inContext) mention(asset, waiting[asset]!);
      waiting[asset] = NEVER;
    }
    let result = NONE;
    if (found.length === 1) result = instruments[found[0]!]!;
    else if (found.length > 1) {
      found.sort((a, b) => firsts[a]! - firsts[b]!);
      result = found.flatMap((asset) => instruments[asset]!);
    }
    for (const asset of found) firsts[asset] = NEVER;
    found.length = 0;
    maybe.length = 0;
    inContext = false;
    return result;
  }

  return (units) => {
    scanner.scan(units);
    for (let i = 0; i < scanner.length; ) {
      const id = scanner.ids[i]!;
      if (id >= 0 && names.context[id] === 1) inContext = true;
      i = id >= 0 && names.roots[id]! >= 0 ? match(units.text, i) : i + 1;
    }
    return outcome();
  };
}

function checkInstruments(instruments: readonly (readonly string[])[]): void {
  const seen = new Set<string>();
  instruments.forEach((list, asset) => {
    if (list.length === 0) throw fail('CONFIG_INVALID', `instrument table: asset ${asset + 1} has no instruments`);
    for (const instrument of list) {
      if (instrument === '' || seen.has(instrument)) {
        throw fail('CONFIG_INVALID', `instrument table: the instrument '${instrument}' is empty or given twice`, { details: { instrument } });
      }
      seen.add(instrument);
    }
  });
}
