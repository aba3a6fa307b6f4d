import { sourceContract } from '../kit/contract.ts';
import { binance } from './stand-in.ts';

sourceContract('Binance, trades aggregated', { vendor: binance({ trades: 'aggTrade' }), silentMs: 40_000 });
sourceContract('Binance, single trades', { vendor: binance({ trades: 'trade' }), silentMs: 40_000 });
