/**
 * A source of one's own, in one file: prices of currencies and metals from OANDA's v20 pricing stream, lines of JSON over an HTTP
 * answer that does not end. `foretick sources oanda --config examples/own-source.yaml` shows its settings.
 *
 * A file exports `source`: what `defineSource` returns, or a function that makes it and is given all of `foretick/sources`.
 * Nothing need be imported, so that the file works wherever it lies.
 *
 * @typedef {import('../../collectors/index.ts').SourceKit} SourceKit
 */

/** @param {SourceKit} kit */
export const source = ({ z, defineSource, secretSchema, duration, instrumentsOption, liveOptions, liveSettings, liveSource, runFeeds, Newest, array, decimal, fail, object, parseJson, rfc3339, text }) => {
  const options = z.strictObject({
    account: z.string().min(1).describe('Id of the account, 101-001-1234567-001'),
    token: secretSchema().describe('Access token of the account: env or file'),
    instruments: instrumentsOption('EUR_USD'),
    url: z.url().default('https://stream-fxpractice.oanda.com').describe('Address of the stream; real accounts have https://stream-fxtrade.oanda.com'),
    max_snapshot_age: duration().default(10e6).describe('A price sent on connecting is news if it is younger than this'),
    silent_after: duration().default(15e6).describe('Without a byte for so long the connection is dead; the vendor sends a heartbeat each 5 s'),
    ...liveOptions(),
  });

  const instrumentOf = (symbol) => `oanda:${symbol}`;

  const sameQuote = (a, b) => a.every((value, i) => value === b[i]);

  function run(live, read) {
    const { environment, out } = live;
    const newest = new Newest(sameQuote);

    /** @param snapshots symbols whose first price of the connection is still to come: it is what held before */
    function price(message, collects, snapshots) {
      const symbol = text(message.instrument, 'instrument');
      const time = rfc3339(message.time, 'time');
      const [bid, ask] = [array(message.bids, 'bids'), array(message.asks, 'asks')].map((side) => side[0] && object(side[0], 'bucket'));
      const isSnapshot = snapshots.delete(symbol);
      if (!collects(symbol)) return out.skip('not-collected');
      // The last prices of a market that is closed, or of one that has no buyers or no sellers.
      if (message.tradeable === false || !bid || !ask) return out.skip('not-tradeable');
      const quote = [decimal(bid.price, 'bids.price'), decimal(bid.liquidity, 'bids.liquidity'), decimal(ask.price, 'asks.price'), decimal(ask.liquidity, 'asks.liquidity')];
      if (!newest.accept(symbol, time, quote)) return out.skip('repeat');
      if (isSnapshot && !live.isNews(instrumentOf(symbol), time, read.max_snapshot_age)) return out.skip('stale');
      out.quote(instrumentOf(symbol), time, 0, ...quote);
    }

    return runFeeds(live, {
      transport: 'lines',
      // The stream has no messages: when instruments come or go, another connection takes its place.
      url: (symbols) => `${read.url}/v3/accounts/${encodeURIComponent(read.account)}/pricing/stream?instruments=${encodeURIComponent(symbols.join(','))}`,
      headers: async () => ({ authorization: `Bearer ${(await environment.secret(read.token)).reveal()}` }),
      allowPlainText: read.allow_plain_text,
      instrument: instrumentOf,
      silentMs: read.silent_after / 1000,
      refusals: [400, 401, 403, 404],
      ladders: { dropped: { immediate: 1, first: 1000, factor: 2, cap: 60_000, jitter: 0.5 } },
      connects: environment.limits.of('oanda/connect', { limit: 2, perMs: 1000 }),
      // Prices carry no numbers: what an outage takes is reported as a time.
      unnumbered: ['quote'],
      session(channel, { symbols, collects }) {
        const snapshots = new Set(symbols);
        return {
          frame(line) {
            const message = object(parseJson(line), 'line');
            if (message.type === 'PRICE') price(message, collects, snapshots);
            else if (message.type !== 'HEARTBEAT') throw fail('MALFORMED_RECORD', `type ${String(message.type).slice(0, 40)} is not documented`);
            channel.confirmed();
            return message.type.toLowerCase();
          },
        };
      },
      forget: (symbol) => newest.forget(symbol),
    });
  }

  return defineSource({
    kind: 'oanda',
    doc: {
      title: 'OANDA prices: currencies, metals, indices',
      gives: 'Quotes: best bid and ask with their liquidity, at most four a second of an instrument. Instruments oanda:EUR_USD.',
      keys: 'id and access token of an account; practice accounts are free',
      limits: 'One of the 20 streams of an address; two connections a second.',
      gaps: 'Prices carry no numbers: an outage is bounded in time, and cannot be fetched.',
      licence: 'OANDA terms: for your own use; redistribution needs an agreement.',
    },
    options,
    subscribing: { shared: false, instrument: instrumentOf },
    create: (name, read, environment) => liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
  });
};
