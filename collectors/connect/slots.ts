/** Symbols over connections that hold so many each: those that stay keep their connection. */

export interface SlotChange {
  readonly slot: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export class Slots {
  readonly #perSlot: number;
  readonly #most: number;
  readonly #slots: Set<string>[] = [];
  readonly #places = new Map<string, number>();

  constructor(perSlot: number, most = Infinity) {
    this.#perSlot = perSlot;
    this.#most = most;
  }

  has(symbol: string): boolean {
    return this.#places.has(symbol);
  }

  symbols(slot: number): readonly string[] {
    return [...(this.#slots[slot] ?? [])];
  }

  /** What changes for each slot when this is the set; and those for which there is no room. */
  update(symbols: readonly string[]): { readonly changes: readonly SlotChange[]; readonly left: readonly string[] } {
    const wanted = new Set(symbols);
    const removed = new Map<number, string[]>();
    const added = new Map<number, string[]>();
    for (const [symbol, slot] of this.#places) {
      if (wanted.has(symbol)) continue;
      this.#slots[slot]!.delete(symbol);
      this.#places.delete(symbol);
      push(removed, slot, symbol);
    }
    const left: string[] = [];
    let slot = 0;
    for (const symbol of wanted) {
      if (this.#places.has(symbol)) continue;
      while (slot < this.#most && (this.#slots[slot]?.size ?? 0) >= this.#perSlot) slot++;
      if (slot >= this.#most) {
        left.push(symbol);
        continue;
      }
      (this.#slots[slot] ??= new Set()).add(symbol);
      this.#places.set(symbol, slot);
      push(added, slot, symbol);
    }
    const slots = [...new Set([...removed.keys(), ...added.keys()])].sort((a, b) => a - b);
    return { changes: slots.map((at) => ({ slot: at, added: added.get(at) ?? [], removed: removed.get(at) ?? [] })), left };
  }
}

function push(lists: Map<number, string[]>, slot: number, symbol: string): void {
  const list = lists.get(slot);
  if (list) list.push(symbol);
  else lists.set(slot, [symbol]);
}
