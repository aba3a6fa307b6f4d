import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { TickKind, TickSide } from '#proto';
import type { ReferenceEvent } from './reference.ts';

const NAME = 'binance_spot_l1_trades_20250325.csv.gz';

/** Path of the recording of real quotes and trades, if this checkout has one. */
export function recordingPath(): string | undefined {
  return [path.resolve('examples/recordings', NAME), path.resolve('../shared/data/may-ship', NAME)].find((file) =>
    existsSync(file),
  );
}

/** Its first `count` events. Columns: recv_ns,seq,exch_ns,symbol,type,trade_id,price,qty,side,bid,bid_qty,ask,ask_qty. */
export function readRecording(file: string, count: number): ReferenceEvent[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n').slice(1, count + 1);
  return lines.map((line): ReferenceEvent => {
    const f = line.split(',');
    const base = {
      instrument: `binance:${f[3]!}`,
      eventTime: Number(f[2]!.slice(0, -3)),
      receiptTime: Number(f[0]!.slice(0, -3)),
    };
    return {
      type: 'tick',
      tick:
        f[4] === 'q'
          ? { ...base, kind: TickKind.QUOTE, bid: Number(f[9]), bidSize: Number(f[10]), ask: Number(f[11]), askSize: Number(f[12]) }
          : { ...base, kind: TickKind.TRADE, price: Number(f[6]), size: Number(f[7]), side: /^b/i.test(f[8]!) ? TickSide.BUY : TickSide.SELL },
    };
  });
}
