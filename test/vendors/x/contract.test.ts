import { sourceContract } from '../kit/contract.ts';
import { xStandIn } from './stand-in.ts';

sourceContract('X, the filtered stream', { vendor: (standIn) => xStandIn({ settings: { backfill_limit: 20_000 } })(standIn), silentMs: 25_000, closeCode: null, without: ['close'] });
