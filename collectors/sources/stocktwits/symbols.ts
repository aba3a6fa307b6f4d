/** Which streams of StockTwits show the posts about which instruments. */
const QUOTED = /^([A-Z0-9]+)[-/](?:USD|USDT|USDC|EUR|GBP)$/;

/** `nasdaq:AAPL` → AAPL, `nyse:BRK-B` → BRK.B, `coinbase:BTC-USD` → BTC.X. */
export function symbolOf(instrument: string): string {
  const symbol = instrument.slice(instrument.indexOf(':') + 1).toUpperCase();
  const coin = QUOTED.exec(symbol)?.[1];
  return coin === undefined ? symbol.replace('-', '.') : `${coin}.X`;
}

export interface SymbolStream {
  readonly symbol: string;
  readonly instruments: readonly string[];
}

/** One stream for each symbol. @param symbols what the derived names are replaced with */
export function streamsOf(instruments: readonly string[], symbols: Readonly<Record<string, string>>): readonly SymbolStream[] {
  const streams = new Map<string, string[]>();
  for (const instrument of instruments) {
    const symbol = symbols[instrument] ?? symbolOf(instrument);
    streams.set(symbol, [...(streams.get(symbol) ?? []), instrument]);
  }
  return [...streams].map(([symbol, about]) => ({ symbol, instruments: about }));
}
