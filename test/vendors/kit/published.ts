/** What a source published, read from the topics. */
import { Alert, TickKind, decodeJson, decodePost, decodeTicks, type Gap, type TopicLayout } from '#proto';
import type { Queue, QueueRecord } from '#queue';

import { postKey, rowKey } from './records.ts';
import type { Vendor } from './stand-in.ts';

export interface Published {
  /** Texts of `recordKey`, in the order of their partition. */
  readonly rows: string[];
  readonly gaps: Gap[];
  readonly deadLetters: string[];
  /** Receipt times of watermarks, by topic and partition. */
  readonly watermarks: ReadonlyMap<string, number[]>;
  /** Rows whose receipt time lies before a watermark that stands before them. */
  readonly late: number;
}

export type TopicKey = Parameters<TopicLayout['name']>[0];

/** What stands on the topics, each record read once: of a flood there is much, and tests look often. */
export class Topics {
  readonly #queue: Pick<Queue, 'read'>;
  readonly #layout: TopicLayout;
  readonly #timed: Vendor['timed'];
  /** By topic and partition, where to read on. */
  readonly #offsets = new Map<TopicKey, Map<number, number>>();
  readonly #rows: string[] = [];
  readonly #gaps: Gap[] = [];
  readonly #deadLetters: string[] = [];
  readonly #watermarks = new Map<string, number[]>();
  readonly #newest = new Map<string, number>();
  #late = 0;
  /** One look after another. */
  #looking: Promise<unknown> = Promise.resolve();

  constructor(queue: Pick<Queue, 'read'>, layout: TopicLayout, { timed }: Pick<Vendor, 'timed'>) {
    this.#queue = queue;
    this.#layout = layout;
    this.#timed = timed;
  }

  read(): Promise<Published> {
    const look = this.#looking.then(() => this.#read());
    this.#looking = look.catch(() => undefined);
    return look;
  }

  async #read(): Promise<Published> {
    for (const record of await this.#more('quotes')) this.#ticks(record);
    for (const record of await this.#more('posts')) {
      const post = decodePost(record);
      this.#seen('posts', record.partition, post.receiptTimeUs, post.watermark !== undefined);
      if (!post.watermark) this.#rows.push(postKey(post, this.#timed.post !== false));
    }
    for (const { value } of await this.#more('alerts')) {
      const { gap } = decodeJson(value!, Alert);
      if (gap) this.#gaps.push(gap);
    }
    for (const { value } of await this.#more('dead-letters')) this.#deadLetters.push(Buffer.from(value!).toString('latin1'));
    const watermarks = new Map([...this.#watermarks].map(([place, times]) => [place, [...times]]));
    return { rows: [...this.#rows], gaps: [...this.#gaps], deadLetters: [...this.#deadLetters], watermarks, late: this.#late };
  }

  #ticks(record: QueueRecord): void {
    const ticks = decodeTicks(record);
    for (let i = 0; i < ticks.length; i++) {
      const isWatermark = ticks.kind[i] === TickKind.WATERMARK;
      this.#seen('quotes', record.partition, ticks.receiptTime[i]!, isWatermark);
      if (!isWatermark) this.#rows.push(rowKey(ticks, i, (stream) => this.#timed[stream] !== false));
    }
  }

  #seen(topic: string, partition: number, receipt: number, isWatermark: boolean): void {
    const place = `${topic}/${partition}`;
    if (receipt < (this.#newest.get(place) ?? 0)) this.#late++;
    if (!isWatermark) return;
    this.#newest.set(place, receipt);
    const all = this.#watermarks.get(place);
    if (all) all.push(receipt);
    else this.#watermarks.set(place, [receipt]);
  }

  async #more(topic: TopicKey): Promise<QueueRecord[]> {
    const offsets = this.#offsets.get(topic) ?? new Map<number, number>();
    this.#offsets.set(topic, offsets);
    return recordsOf(this.#queue, this.#layout, topic, offsets);
  }
}

/** @param offsets where to read on, by partition: moved */
export async function recordsOf(queue: Pick<Queue, 'read'>, layout: TopicLayout, topic: TopicKey, offsets = new Map<number, number>()): Promise<QueueRecord[]> {
  const all: QueueRecord[] = [];
  for await (const { partition, records, nextOffset } of queue.read({ topic: layout.name(topic), from: { offsets: new Map(offsets) }, toEnd: true })) {
    all.push(...records);
    offsets.set(partition, nextOffset);
  }
  return all;
}
