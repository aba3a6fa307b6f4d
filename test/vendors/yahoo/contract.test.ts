import { contracts } from '../contracts.ts';

contracts('Yahoo', 'Yahoo, polled');
