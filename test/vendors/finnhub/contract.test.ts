import { contracts } from '../contracts.ts';

contracts('Finnhub');
