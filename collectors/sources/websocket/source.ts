/** Any vendor that sends JSON over a WebSocket, by configuration alone. */
import { runFeeds, type FeedPlan } from '../../connect/feeds.ts';
import type { Ladders } from '../../connect/ladder.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { liveSource } from '../../live/source.ts';
import { liveSettings } from '../../options.ts';
import { createPublisher } from '../generic/publish.ts';
import { reader } from '../generic/read.ts';
import { symbolsOf } from '../generic/symbols.ts';
import { checkKeys, createKeys, render, renderUrl } from '../generic/template.ts';
import { websocketOptions, type WebsocketOptions } from './options.ts';
import { sessions } from './session.ts';

const LADDERS: Ladders = {
  dropped: { immediate: 1, first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
  'rate-limited': { first: 5000, factor: 2, cap: 300_000, jitter: 0.5 },
};

export const websocket = defineSource({
  kind: 'websocket',
  doc: {
    title: 'Any WebSocket that sends JSON, by configuration',
    gives: 'Quotes and trades, where the JSON pointers of records say they stand. Instruments venue:SYMBOL.',
    keys: 'whatever the vendor wants, as {key.NAME} in the address, headers and messages',
    limits: 'As configured: connections a minute, messages a second, instruments a connection.',
    gaps: 'Trades whose numbers rise by one: by number. Frames with a counter: by that. All else: bounded in time after an outage. Nothing is fetched afterwards.',
    licence: 'The vendor\'s terms apply: read them before you pass data on.',
  },
  options: websocketOptions,
  subscribing: { shared: true, instrument: (symbol, { venue }) => `${venue}:${symbol}` },
  create: (name, read, environment) => {
    checkKeys(read.keys, read.url, read.headers, read.subscribe, read.unsubscribe, read.login, read.heartbeat, read.replies);
    return liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => runFeeds(live, planOf(live, read)) });
  },
});

function planOf(live: Live, options: WebsocketOptions): FeedPlan {
  const { environment } = live;
  const { url, headers, subscribe, unsubscribe } = options;
  const symbols = symbolsOf(options.symbols);
  const keys = createKeys(environment, options.keys);
  // What a connection's scope says holds for all of them.
  let collects: (name: string) => boolean = () => false;
  const nameOf = (wire: string): string | null => {
    const name = symbols.name(wire);
    return collects(name) ? name : null;
  };
  const publisher = createPublisher({ live, venue: options.venue, symbols: options.symbols, records: options.records, maxSnapshotAge: options.max_snapshot_age, nameOf });
  const messages = (templates: typeof subscribe, names: readonly string[]): string[] =>
    templates.flatMap((template) => render(template, names.map((name) => symbols.wire(name)), keys));
  const open = sessions({
    live,
    options,
    keys,
    publisher,
    read: reader(options.records),
    messages: (names) => messages(subscribe, names).length,
    wire: (name) => symbols.wire(name),
  });
  return {
    async url(names) {
      await keys.load();
      return renderUrl(url, names.map((name) => symbols.wire(name)), keys);
    },
    headers: () => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, keys.fill(value)])),
    allowPlainText: options.allow_plain_text,
    instrument: (name) => publisher.instrument(name),
    perConnection: options.instruments_per_connection,
    ...(options.connections !== undefined && { connections: options.connections }),
    silentMs: options.silent_after / 1000,
    // All of them are sent before the last is confirmed.
    confirmMs: 10_000 + options.confirmed_after / 1000 + (mostMessages(options) / options.messages_per_second) * 1000,
    ...(options.max_age !== undefined && { maxAgeMs: options.max_age / 1000 }),
    overlap: options.connections === undefined,
    ...(options.heartbeat.every !== undefined && options.heartbeat.send === undefined && { pingMs: options.heartbeat.every / 1000 }),
    ladders: LADDERS,
    connects: environment.limits.of(`${live.name}/connect`, { limit: options.connects_per_minute, perMs: 60_000 }),
    sends: { limit: options.messages_per_second, perMs: 1000 },
    unnumbered: publisher.unnumbered,
    numbered: publisher.numbered,
    ...(subscribe.length > 0 && {
      messages: { subscribe: (names: readonly string[]) => messages(subscribe, names), unsubscribe: (names: readonly string[]) => messages(unsubscribe, names) },
    }),
    session: (channel, scope) => {
      collects = (name) => scope.collects(name);
      return open(channel, scope);
    },
    forget: (name) => { publisher.forget(publisher.instrument(name)); },
  };
}

/** With which one connection subscribes, at most. */
function mostMessages({ subscribe, instruments_per_connection: most }: WebsocketOptions): number {
  return subscribe.reduce((sum, template) => sum + (JSON.stringify(template).includes('{instrument}') ? most : 1), 0);
}
