/** The alias `champion` at a first start. */
import { Alias, CONTENT_JSON, SCHEMA, decodeJson, headersOf, type TopicLayout } from '#proto';
import type { Queue } from '#queue';

/** Points the alias at `model` unless it points somewhere already; the change is recorded in promotions. */
export async function ensureAlias(queue: Queue, layout: TopicLayout, alias: string, model: string, challengers: readonly string[]): Promise<void> {
  const topic = layout.name('aliases');
  for await (const batch of queue.read({ topic, from: 'earliest', toEnd: true })) {
    for (const { value } of batch.records) if (value !== null && decodeJson(value, Alias).alias === alias) return;
  }
  const now = Date.now() * 1000;
  const producer = await queue.producer();
  await producer.send([
    {
      topic,
      key: alias,
      value: JSON.stringify({ alias, champion: model, challengers, changedTimeUs: now }),
      headers: headersOf(CONTENT_JSON, SCHEMA.alias),
    },
    {
      topic: layout.name('promotions'),
      key: alias,
      value: JSON.stringify({ alias, from: '', to: model, actor: 'configuration', reason: 'first start', timeUs: now }),
      headers: headersOf(CONTENT_JSON, SCHEMA.promotion),
    },
  ]);
  await producer.close();
}
