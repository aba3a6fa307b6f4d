/** A made-up market with a memory: what happened at the vendor, whoever was told. Seeded, so that a failure repeats. */

export interface MarketTrade {
  readonly stream: 'trade';
  readonly symbol: string;
  /** Rises by one, a symbol at a time. */
  readonly id: number;
  readonly price: string;
  readonly size: string;
  /** None where the vendor does not say. */
  readonly aggressor: 'buy' | 'sell' | 'none';
  /** Microseconds, by the vendor's clock. */
  readonly atUs: number;
}

export interface MarketQuote {
  readonly stream: 'quote';
  readonly symbol: string;
  /** Rises, with jumps. */
  readonly id: number;
  readonly bid: string;
  readonly bidSize: string;
  readonly ask: string;
  readonly askSize: string;
  readonly atUs: number;
}

export interface MarketPost {
  readonly stream: 'post';
  /** It is about all of these. */
  readonly symbol: string;
  readonly id: number;
  readonly author: string;
  readonly text: string;
  readonly atUs: number;
}

export type MarketItem = MarketTrade | MarketQuote | MarketPost;

/** `coinbase:BTC-USD` → $BTC. */
const cashtagOf = (instrument: string): string => `$${instrument.slice(instrument.indexOf(':') + 1).replace(/-USD$/, '')}`;

/** Uniform numbers in [0, 1) of a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Market {
  readonly items: MarketItem[] = [];
  readonly #random: () => number;
  readonly #streams: readonly MarketItem['stream'][];
  readonly #symbols: readonly string[];
  readonly #ids = new Map<string, number>();
  readonly #prices = new Map<string, number>();
  readonly #newest = new Map<string, MarketItem>();

  constructor(seed: number, symbols: readonly string[], streams: readonly MarketItem['stream'][]) {
    this.#random = randomOf(seed);
    this.#symbols = symbols;
    this.#streams = streams;
    for (const symbol of symbols) this.#prices.set(symbol, 100 + Math.floor(this.#random() * 900));
  }

  get random(): () => number {
    return this.#random;
  }

  /** The newest of a symbol; undefined before the first. */
  newest<S extends MarketItem['stream']>(stream: S, symbol: string): Extract<MarketItem, { stream: S }> | undefined {
    return this.#newest.get(`${stream} ${symbol}`) as Extract<MarketItem, { stream: S }> | undefined;
  }

  all<S extends MarketItem['stream']>(stream: S, symbol: string): Extract<MarketItem, { stream: S }>[] {
    return this.items.filter((item) => item.stream === stream && item.symbol === symbol) as Extract<MarketItem, { stream: S }>[];
  }

  /** The next thing that happens. */
  next(atUs: number): MarketItem {
    const stream = this.#streams[Math.floor(this.#random() * this.#streams.length)]!;
    const symbol = this.#symbols[Math.floor(this.#random() * this.#symbols.length)]!;
    const item = this.#make(stream, symbol, atUs);
    this.items.push(item);
    this.#newest.set(`${stream} ${symbol}`, item);
    return item;
  }

  #make(stream: MarketItem['stream'], symbol: string, atUs: number): MarketItem {
    const id = this.#nextId(stream, symbol);
    const price = this.#prices.get(symbol)! + Math.floor(this.#random() * 11) - 5;
    this.#prices.set(symbol, Math.max(10, price));
    const size = (): string => (0.001 + this.#random()).toFixed(8);
    if (stream === 'trade') return { stream, symbol, id, price: `${price}.25`, size: size(), aggressor: this.#random() < 0.5 ? 'buy' : 'sell', atUs };
    if (stream === 'quote') return { stream, symbol, id, bid: `${price}.10`, bidSize: size(), ask: `${price}.30`, askSize: size(), atUs };
    return { stream, symbol, id, author: `author-${Math.floor(this.#random() * 50)}`, text: `post ${id} about ${cashtagOf(symbol)}`, atUs };
  }

  #nextId(stream: MarketItem['stream'], symbol: string): number {
    // Posts are numbered across symbols; quotes by a count that also counts what nobody is sent.
    const key = stream === 'post' ? stream : `${stream} ${symbol}`;
    const last = this.#ids.get(key) ?? 1000 + Math.floor(this.#random() * 1e6);
    const id = last + (stream === 'trade' ? 1 : 1 + Math.floor(this.#random() * 5));
    this.#ids.set(key, id);
    return id;
  }
}
