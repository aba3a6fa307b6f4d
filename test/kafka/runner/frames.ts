/** Cuts a stream of Kafka's protocol into its messages: a length of four bytes, then the message. */
export class FrameSplitter {
  #parts: Buffer[] = [];
  #bytes = 0;

  /** @returns whole messages, with their lengths in front */
  push(chunk: Buffer): Buffer[] {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    const frames: Buffer[] = [];
    for (let wanted = this.#wanted(); wanted <= this.#bytes; wanted = this.#wanted()) {
      const all = this.#joined();
      frames.push(all.subarray(0, wanted));
      this.#parts = [all.subarray(wanted)];
      this.#bytes -= wanted;
    }
    return frames;
  }

  /** Bytes of the message that begins here; none can be told before its length is there. */
  #wanted(): number {
    if (this.#bytes < 4) return Infinity;
    if (this.#parts[0]!.length < 4) this.#joined();
    return 4 + this.#parts[0]!.readInt32BE(0);
  }

  #joined(): Buffer {
    const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }
}

export interface RequestHead {
  readonly apiKey: number;
  readonly correlationId: number;
}

export function headOf(request: Buffer): RequestHead {
  return { apiKey: request.readInt16BE(4), correlationId: request.readInt32BE(8) };
}

export function correlationOf(answer: Buffer): number {
  return answer.readInt32BE(4);
}
