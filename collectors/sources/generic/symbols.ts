/** Names of instruments in ids and on the wire. */
export interface Symbols {
  /** What the vendor calls it. */
  wire(name: string): string;
  /** The name in the id, of what the vendor calls so. */
  name(wire: string): string;
}

export function symbolsOf(symbols: Readonly<Record<string, string>>): Symbols {
  const names = new Map(Object.entries(symbols).map(([name, wire]) => [wire, name]));
  return {
    wire: (name) => (Object.hasOwn(symbols, name) ? symbols[name]! : name),
    name: (wire) => names.get(wire) ?? wire,
  };
}
