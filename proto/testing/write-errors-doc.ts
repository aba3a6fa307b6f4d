/** Writes `docs/errors.md`: `npm run build && node dist/proto/testing/write-errors-doc.js`. */
import { writeFileSync } from 'node:fs';

import { errorsMarkdown } from './errors-markdown.ts';

writeFileSync('docs/errors.md', errorsMarkdown());
