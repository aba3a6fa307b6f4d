import { contracts } from '../contracts.ts';

contracts('Reddit');
