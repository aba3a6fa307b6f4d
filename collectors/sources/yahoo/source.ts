/** Yahoo Finance: last prices of anything it has a page for, over its streamer, or polled. */
import { defineSource } from '../../kind.ts';
import { liveSource } from '../../live/source.ts';
import { liveSettings } from '../../options.ts';
import { yahooOptions } from './options.ts';
import { runPolling } from './polling.ts';
import { instrumentOf } from './prices.ts';
import { runStream } from './stream.ts';

export const yahoo = defineSource({
  kind: 'yahoo',
  doc: {
    title: 'Yahoo Finance prices: stocks, funds, indices, currencies, crypto',
    gives: 'Last prices, about one a second, as trades of size 0: sizes, sides, bids and asks are not told. Instruments yahoo:AAPL, yahoo:BTC-USD, yahoo:EURUSD=X, yahoo:^GSPC.',
    keys: 'none',
    limits: '100 symbols a connection, as many connections as are needed; none of them is promised.',
    gaps: 'Prices carry no numbers: an outage is bounded in time. Of one of two minutes or more bars of a minute are fetched; what they hold no price comes back from.',
    licence: 'Unofficial, for personal use by Yahoo\'s terms, without any promise; do not pass the data on.',
  },
  options: yahooOptions,
  subscribing: { shared: true, instrument: instrumentOf },
  create: (name, read, environment) =>
    liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => (read.mode === 'stream' ? runStream(live, read) : runPolling(live, read)) }),
});
