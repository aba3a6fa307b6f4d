/** The mode for plans without the stream. */
import { contracts } from '../contracts.ts';

contracts('X, recent search');
