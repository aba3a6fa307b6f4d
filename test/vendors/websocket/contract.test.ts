import { contracts } from '../contracts.ts';

contracts('Bitstamp by configuration', 'Gemini by configuration', 'A feed of one\'s own by configuration');
