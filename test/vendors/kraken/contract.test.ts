import { sourceContract } from '../kit/contract.ts';
import { kraken } from './stand-in.ts';

sourceContract('Kraken', { vendor: kraken, silentMs: 10_000 });
