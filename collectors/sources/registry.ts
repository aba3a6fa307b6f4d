/** The live sources that ship. A new one is one line here. */
import type { SourceKind } from '../kind.ts';
import { binance } from './binance/source.ts';
import { coinbase } from './coinbase/source.ts';
import { kraken } from './kraken/source.ts';

export const SOURCE_KINDS: readonly SourceKind[] = [binance, coinbase, kraken];
