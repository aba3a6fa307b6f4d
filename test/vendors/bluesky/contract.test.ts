import { sourceContract } from '../kit/contract.ts';
import { jetstream } from './jetstream.ts';

sourceContract('Bluesky', { vendor: jetstream(), silentMs: 40_000 });
