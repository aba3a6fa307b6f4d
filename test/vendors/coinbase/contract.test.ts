import { sourceContract } from '../kit/contract.ts';
import { coinbaseAdvanced } from './advanced.ts';
import { coinbaseExchange } from './exchange.ts';

sourceContract('Coinbase Exchange', { vendor: coinbaseExchange, silentMs: 10_000 });
sourceContract('Coinbase Advanced Trade', { vendor: coinbaseAdvanced, silentMs: 10_000 });
