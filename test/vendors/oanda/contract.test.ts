// @ts-expect-error: a file of a user's own has no types
import { source } from '../../../examples/sources/oanda.js';
import { sourceContract } from '../kit/contract.ts';
import { oandaStandIn } from './stand-in.ts';

sourceContract('OANDA, a file of one\'s own', { source, vendor: oandaStandIn, silentMs: 15_000, closeCode: null, without: ['close'] });
