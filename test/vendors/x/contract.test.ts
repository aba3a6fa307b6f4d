import { contracts } from '../contracts.ts';

contracts('X, the filtered stream');
