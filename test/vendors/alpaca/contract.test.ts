import { sourceContract } from '../kit/contract.ts';
import { alpacaStandIn } from './stand-in.ts';

sourceContract('Alpaca, JSON', { vendor: alpacaStandIn({ encoding: 'json' }), silentMs: 75_000 });
sourceContract('Alpaca, MessagePack', { vendor: alpacaStandIn({ encoding: 'msgpack' }), silentMs: 75_000 });
