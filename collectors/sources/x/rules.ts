/** The rules of the filtered stream: made to be those that are wanted. Those whose tag does not begin with ours are others'. */
import { createHash } from 'node:crypto';

import { fail } from '#proto';

import { fetchText } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Live } from '../../live/live.ts';
import { array, object, parseJson, text, type Json } from '../../values/fields.ts';

export interface RulesOptions {
  readonly live: Live;
  /** Where the rules stand. */
  readonly url: string;
  readonly allowPlainText: boolean;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly limiter: Limiter;
  /** With which the tags of our rules begin. */
  readonly prefix: string;
  /** Rules of the plan, others' included. */
  readonly most: number;
}

interface Rule {
  readonly id: string;
  readonly value: string;
  readonly tag: string;
}

/** Says what a rule says: rules are compared by their tags. */
const tagOf = (prefix: string, value: string): string => `${prefix}/${createHash('sha256').update(value).digest('hex').slice(0, 12)}`;

/**
 * Makes the rules that are ours those of `values`, with one request for what is new and one for what is not wanted any more.
 * Nothing is sent where they are the same. Returns how many of the values found no room.
 *
 * @throws SOURCE_UNAVAILABLE, SOURCE_REFUSED
 */
export async function syncRules(options: RulesOptions, values: readonly string[]): Promise<number> {
  const { prefix, most, live } = options;
  const standing = await standingRules(options);
  const ours = standing.filter(({ tag }) => tag.startsWith(`${prefix}/`));
  const room = Math.max(0, most - (standing.length - ours.length));
  const wanted = new Map(values.slice(0, room).map((value) => [tagOf(prefix, value), value]));
  const kept = new Set<string>();
  const gone = ours.filter(({ tag, value }) => {
    if (wanted.get(tag) !== value || kept.has(tag)) return true;
    kept.add(tag);
    return false;
  });
  const fresh = [...wanted].filter(([tag]) => !kept.has(tag)).map(([tag, value]) => ({ value, tag }));
  const add = async (): Promise<void> => {
    if (fresh.length > 0) await change(options, { add: fresh });
  };
  const remove = async (): Promise<void> => {
    if (gone.length > 0) await change(options, { delete: { ids: gone.map(({ id }) => id) } });
  };
  // What stays wanted is matched by old or new rules at any time, where there is room for both. The same value cannot stand twice.
  const isRoomy = standing.length + fresh.length <= most && !fresh.some(({ value }) => gone.some((rule) => rule.value === value));
  for (const step of isRoomy ? [add, remove] : [remove, add]) await step();
  if (fresh.length + gone.length > 0) live.observe({ type: 'note', message: `rules of the stream: ${fresh.length} added, ${gone.length} deleted, ${kept.size} kept` });
  return values.length - wanted.size;
}

async function standingRules(options: RulesOptions): Promise<readonly Rule[]> {
  const rules: Rule[] = [];
  let next: unknown = null;
  do {
    const url = new URL(options.url);
    if (typeof next === 'string') url.searchParams.set('pagination_token', next);
    const answer = await ask(options, 'GET', url.href);
    try {
      for (const entry of array(answer['data'] ?? [], 'data')) {
        const rule = object(entry, 'rule');
        rules.push({ id: text(rule['id'], 'id'), value: text(rule['value'], 'value'), tag: typeof rule['tag'] === 'string' ? rule['tag'] : '' });
      }
      next = object(answer['meta'], 'meta')['next_token'];
    } catch (cause) {
      throw fail('SOURCE_UNAVAILABLE', `${url.host} answered rules that cannot be read`, { cause, details: { status: 200 } });
    }
  } while (typeof next === 'string' && next !== '' && rules.length < options.most);
  return rules;
}

async function change(options: RulesOptions, body: object): Promise<void> {
  const { errors } = await ask(options, 'POST', options.url, JSON.stringify(body));
  if (errors === undefined) return;
  // A rule that stands already, under somebody else's tag, finds the same posts.
  const problems = array(errors, 'errors').map((error) => object(error, 'errors')).filter(({ title }) => title !== 'DuplicateRule');
  if (problems.length > 0) throw fail('SOURCE_REFUSED', options.live.environment.redact(`X does not take a rule: ${saysOf(problems[0]!)}`));
}

async function ask({ live, allowPlainText, limiter, headers }: RulesOptions, method: 'GET' | 'POST', url: string, body?: string): Promise<Json> {
  const reply = await fetchText(live, {
    url,
    method,
    allowPlainText,
    limiter,
    signal: live.signal,
    headers: { ...(await headers()), ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body }),
  });
  const { status } = reply;
  const where = new URL(url).host;
  if (status === 429 || status === 408 || status >= 500) throw fail('SOURCE_UNAVAILABLE', `${where} answered ${status} for the rules of the stream`, { details: { status, retryAfterMs: reply.retryAfterMs } });
  let answer: Json;
  try {
    answer = object(parseJson(reply.body), 'body');
  } catch (cause) {
    throw fail('SOURCE_UNAVAILABLE', `${where} answered ${status} with what cannot be read`, { cause, details: { status } });
  }
  if (status === 200 || status === 201) return answer;
  const [problem] = Array.isArray(answer['errors']) ? (answer['errors'] as unknown[]) : [];
  const says = saysOf(typeof problem === 'object' && problem !== null ? (problem as Json) : answer);
  const hint = status === 403 ? '; a plan without the stream can search: mode: search' : '';
  throw fail('SOURCE_REFUSED', live.environment.redact(`${where} answered ${status} for the rules of the stream: ${says}${hint}`));
}

/** What X says of a problem, cut: it repeats what it was asked. */
function saysOf({ title, detail, details, message, value }: Json): string {
  const more = Array.isArray(details) ? (details as unknown[])[0] : (detail ?? message);
  return [title, more, value].filter((part) => typeof part === 'string').join(': ').slice(0, 300);
}
