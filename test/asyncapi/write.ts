import { writeFileSync } from 'node:fs';

import { FILE, makeDocument, written } from './make.ts';

writeFileSync(FILE, written(makeDocument()));
