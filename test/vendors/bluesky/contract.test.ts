import { contracts } from '../contracts.ts';

contracts('Bluesky');
