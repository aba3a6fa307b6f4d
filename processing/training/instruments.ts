/** What the trainer knows of each instrument: its dense id, newest price, and when that was seen. */
export class InstrumentTable {
  /** Names by id, in order of first appearance. Grows in place: others may hold on to it. */
  readonly names: string[] = [];
  readonly #ids = new Map<string, number>();
  price = new Float64Array(64);
  /** Event clock at the newest price, microseconds. */
  seen = new Float64Array(64);

  idOf(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.#ids.set(name, id);
      if (id === this.price.length) this.#grow();
    }
    return id;
  }

  observe(id: number, price: number, clock: number): void {
    if (!(price > 0)) return;
    this.price[id] = price;
    this.seen[id] = clock;
  }

  restore(names: readonly string[], price: Float64Array, seen: Float64Array): void {
    for (const name of names) this.idOf(name);
    this.price.set(price);
    this.seen.set(seen);
  }

  #grow(): void {
    const wider = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const into = new Float64Array(from.length * 2);
      into.set(from);
      return into;
    };
    this.price = wider(this.price);
    this.seen = wider(this.seen);
  }
}
