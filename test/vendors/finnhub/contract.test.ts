import { sourceContract } from '../kit/contract.ts';
import { finnhubStandIn } from './stand-in.ts';

sourceContract('Finnhub', { vendor: finnhubStandIn(), silentMs: 90_000 });
