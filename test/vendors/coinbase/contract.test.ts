import { contracts } from '../contracts.ts';

contracts('Coinbase Exchange', 'Coinbase Advanced Trade');
