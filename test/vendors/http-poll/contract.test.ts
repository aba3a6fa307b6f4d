import { contracts } from '../contracts.ts';

contracts('A polled list with numbers', 'A polled list with a token for older pages');
