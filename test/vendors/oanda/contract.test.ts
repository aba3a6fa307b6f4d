import { contracts } from '../contracts.ts';

contracts('OANDA, a file of one\'s own');
