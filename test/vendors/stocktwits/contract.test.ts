import { contracts } from '../contracts.ts';

contracts('StockTwits');
