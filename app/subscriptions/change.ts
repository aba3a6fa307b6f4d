/** `foretick subscribe`: what the sources that follow `subscriptions` are to collect. */
import { readSubscriptions, subscriptionRecord, unsubscription, type SourceKind } from '#collectors';
import { Subscription, fail, type TopicLayout } from '#proto';
import type { OutputRecord, Queue } from '#queue';

import type { Config } from '../config/schema.ts';
import { sourceKinds } from '../config/source-files.ts';
import { isReplay, type LiveSource } from '../config/sources.ts';

export interface SubscriptionChange {
  readonly source: string;
  readonly action: 'add' | 'remove';
  /** As the source spells them, `BTC-USD`, or as ids, `coinbase:BTC-USD`. */
  readonly instruments: readonly string[];
}

export interface ChangedSubscription {
  readonly source: string;
  readonly instrument: string;
  /** False: it was so before. */
  readonly changed: boolean;
}

/** A live source and its kind. CONFIG_INVALID when its instruments stand in the configuration, or it has none. */
async function subscribable(config: Config, name: string): Promise<{ source: LiveSource; kind: SourceKind & Required<Pick<SourceKind, 'subscribing'>> }> {
  const kinds = await sourceKinds(config);
  const kindOf = (source: Config['sources'][number]): SourceKind | undefined => kinds.find(({ kind }) => kind === source.kind);
  const source = config.sources.find((candidate) => candidate.name === name);
  const follow = config.sources.filter((one) => followsSubscriptions(one, kindOf(one))).map((candidate) => candidate.name);
  const those = follow.length === 0 ? 'none of the configured sources does' : `these do: ${follow.join(', ')}`;
  if (!source) throw fail('CONFIG_INVALID', `no source is named ${name}; of sources that follow subscriptions, ${those}`);
  const kind = kindOf(source);
  if (isReplay(source) || !kind?.subscribing) throw fail('CONFIG_INVALID', `source ${name} (${source.kind}) does not follow subscriptions; ${those}`);
  if (!followsSubscriptions(source, kind)) throw fail('CONFIG_INVALID', `the instruments of source ${name} stand in its configuration; leave them out there and it follows subscriptions`);
  return { source, kind: { ...kind, subscribing: kind.subscribing } };
}

/** A live source without instruments of its own, of a kind that takes them from others. */
export function followsSubscriptions(source: Config['sources'][number], kind: SourceKind | undefined): boolean {
  return !isReplay(source) && kind?.subscribing !== undefined && Array.isArray(source['instruments']) && source['instruments'].length === 0;
}

/** INVALID_REQUEST for what is no symbol. All or none are written on the embedded queue; on Kafka a failure may leave some, and to say it again is safe. */
export async function changeSubscriptions(queue: Pick<Queue, 'read' | 'producer'>, layout: TopicLayout, config: Config, change: SubscriptionChange): Promise<ChangedSubscription[]> {
  const { source, kind } = await subscribable(config, change.source);
  const wanted = new Map(change.instruments.map((text) => instrumentOf(source, kind, text)));
  const there = new Set((await readSubscriptions(queue, layout)).filter((one) => one.source === source.name).map(({ instrument }) => instrument));
  const results: ChangedSubscription[] = [];
  const records: OutputRecord[] = [];
  for (const [instrument, symbol] of wanted) {
    const changed = there.has(instrument) !== (change.action === 'add');
    results.push({ source: source.name, instrument, changed });
    if (!changed) continue;
    const of = { source: source.name, instrument };
    records.push(change.action === 'add' ? subscriptionRecord(layout, Subscription.fromPartial({ ...of, symbol, sinceUs: Date.now() * 1000 })) : unsubscription(layout, of));
  }
  if (records.length === 0) return results;
  const producer = await queue.producer();
  try {
    await producer.send(records);
  } finally {
    await producer.close();
  }
  return results;
}

function instrumentOf(source: LiveSource, { subscribing }: Required<Pick<SourceKind, 'subscribing'>>, text: string): [instrument: string, symbol: string] {
  // Ids are the symbol behind the venue.
  const venue = subscribing.instrument('', source);
  const symbol = text.startsWith(venue) ? text.slice(venue.length) : text;
  if (symbol === '' || symbol.length > 200 || /[\s/]|\p{Cc}/u.test(symbol)) throw fail('INVALID_REQUEST', `${JSON.stringify(text)} is no instrument of ${source.name}`);
  return [subscribing.instrument(symbol, source), symbol];
}
