import { contracts } from '../contracts.ts';

contracts('Binance, trades aggregated', 'Binance, single trades');
