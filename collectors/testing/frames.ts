/** For tests: recorded frames of exchanges, as cryptofeed wrote them. They may not be in the repository: see `sharedRecording`. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { sharedRecording } from './files.ts';

export interface RecordedFrame {
  /** Microseconds. */
  readonly receipt: number;
  readonly text: string;
}

/** Frames received, in order; null where the recording is absent. Connections and messages sent are left out. */
export function recordedFrames(name: string): RecordedFrame[] | null {
  const file = sharedRecording(name);
  if (file === null) return null;
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  return lines.flatMap((line) => {
    const match = /^(\d+)\.(\d+): (.*)$/.exec(line);
    return match ? [{ receipt: Number(match[1]) * 1e6 + Number(match[2]!.padEnd(6, '0').slice(0, 6)), text: match[3]! }] : [];
  });
}
