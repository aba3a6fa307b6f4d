import { contracts } from '../contracts.ts';

contracts('Kraken');
