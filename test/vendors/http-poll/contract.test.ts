import { sourceContract } from '../kit/contract.ts';
import { numberedList, tokenList } from './lists.ts';

// Frames have no order within a list, and lists are always whole.
const list = { closeCode: null, silentMs: 10_000, without: ['gap', 'reorder', 'repeat', 'flood', 'close'] } as const;

sourceContract('A polled list with numbers', { vendor: numberedList, ...list });
sourceContract('A polled list with a token for older pages', { vendor: tokenList, ...list });
