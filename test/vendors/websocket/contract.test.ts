import { sourceContract } from '../kit/contract.ts';
import { bitstamp } from './bitstamp.ts';
import { gemini } from './gemini.ts';
import { house } from './house.ts';

sourceContract('Bitstamp by configuration', { vendor: bitstamp, silentMs: 40_000 });
sourceContract('Gemini by configuration', { vendor: gemini, silentMs: 15_000 });
sourceContract('A feed of one\'s own by configuration', { vendor: house, silentMs: 10_000, fetches: false });
