/** The live sources that ship. A new one is one line here. */
import type { SourceKind } from '../kind.ts';
import { alpaca } from './alpaca/source.ts';
import { binance } from './binance/source.ts';
import { bluesky } from './bluesky/source.ts';
import { coinbase } from './coinbase/source.ts';
import { finnhub } from './finnhub/source.ts';
import { httpPoll } from './http-poll/source.ts';
import { kraken } from './kraken/source.ts';
import { mastodon } from './mastodon/source.ts';
import { reddit } from './reddit/source.ts';
import { stocktwits } from './stocktwits/source.ts';
import { websocket } from './websocket/source.ts';
import { x } from './x/source.ts';
import { yahoo } from './yahoo/source.ts';

export const SOURCE_KINDS: readonly SourceKind[] = [alpaca, binance, bluesky, coinbase, finnhub, httpPoll, kraken, mastodon, reddit, stocktwits, websocket, x, yahoo];
