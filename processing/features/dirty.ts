/** A set of small integers that is cheap to add to: a flag each, and a list of those flagged. */
export class DirtySet {
  #flags = new Uint8Array(1024);
  #list: number[] = [];

  /** Make room for `id`; called once for each new id, so that `add` need not look. */
  reserve(id: number): void {
    if (id < this.#flags.length) return;
    const flags = new Uint8Array(Math.max(this.#flags.length * 2, id + 1));
    flags.set(this.#flags);
    this.#flags = flags;
  }

  add(id: number): void {
    if (this.#flags[id] !== 0) return;
    this.#flags[id] = 1;
    this.#list.push(id);
  }

  /** What was added since the last call, ascending. */
  take(): number[] {
    const ids = this.#list.sort((a, b) => a - b);
    for (const id of ids) this.#flags[id] = 0;
    this.#list = [];
    return ids;
  }
}
