import { sourceContract } from '../kit/contract.ts';
import { yahooStandIn } from './stand-in.ts';

sourceContract('Yahoo', { vendor: yahooStandIn(), silentMs: 60_000, closeCode: 1005 });
