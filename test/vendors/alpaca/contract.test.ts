import { contracts } from '../contracts.ts';

contracts('Alpaca, JSON', 'Alpaca, MessagePack');
