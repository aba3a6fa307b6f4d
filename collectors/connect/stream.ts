/** An HTTP body that does not end, as frames: lines, or server-sent events. Blank lines between them are keep-alives. */
import type { Dispatcher } from 'undici';

import type { FailureCause } from './ladder.ts';
import { retryAfterMs } from './retry-after.ts';
import { endOf, type RawSocket, type NetworkTransportOptions } from './transport.ts';

/** Longest frame, in characters: more without an end is no frame but a fault. */
const LONGEST = 4 * 1024 * 1024;

export function openStream({ url, headers, events, agent, clock, onOpen, onFrame, onEnd }: NetworkTransportOptions): RawSocket {
  const aborting = new AbortController();
  let body: Dispatcher.ResponseData['body'] | null = null;
  let lastByte = clock.now();
  let held = false;
  let opened = false;
  let ended = false;
  let refusal = 0;
  let retryAfter: number | null = null;
  let verdict: { cause: FailureCause | 'closed'; message: string } | null = null;
  const end = (error: string): void => {
    if (ended) return;
    ended = true;
    aborting.abort();
    onEnd(endOf({ verdict, opened, refusal, retryAfterMs: retryAfter, code: refusal, reason: '', error }));
  };
  const cut = (cause: FailureCause | 'closed', message: string): void => {
    verdict ??= { cause, message };
    end(message);
  };

  async function read(): Promise<void> {
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: { ...headers },
      signal: aborting.signal,
      // The silence of a stream is watched by its own rule.
      bodyTimeout: 0,
      headersTimeout: 0,
    });
    body = answer.body;
    // Cut off while the answer was on its way.
    if (ended) return;
    if (answer.statusCode !== 200) {
      refusal = answer.statusCode;
      retryAfter = retryAfterMs(answer.headers, clock.now());
      end('');
      return;
    }
    opened = true;
    onOpen();
    if (held) body.pause();
    let rest = '';
    body.setEncoding('utf8');
    body.on('data', (chunk: string) => {
      lastByte = clock.now();
      rest = cutFrames(rest + chunk, events, (frame) => {
        if (!ended) onFrame(frame);
      });
      if (rest.length > LONGEST) cut('broken', 'a frame does not end');
    });
    await new Promise<void>((resolve, reject) => {
      body!.on('end', resolve);
      body!.on('error', reject);
    });
    end('the body ended');
  }

  read().catch((error: unknown) => {
    end(error instanceof Error ? error.message : String(error));
  });
  return {
    send: () => undefined,
    ping: () => undefined,
    buffered: () => 0,
    lastByte: () => lastByte,
    hold(now) {
      held = now;
      if (now) body?.pause();
      else {
        lastByte = clock.now();
        body?.resume();
      }
    },
    close(_code, reason) {
      cut('closed', reason);
      return Promise.resolve();
    },
    cut,
  };
}

/** Lines with which an event begins that are comments: keep-alives, which need not end in a blank line. */
const COMMENTS = /^(?::[^\r\n]*\r?\n)+/;

/** Gives each whole frame that is not blank, of events those that are not comments alone; returns what is left. */
export function cutFrames(text: string, events: boolean, give: (frame: string) => void): string {
  const border = events ? /\r?\n\r?\n/g : /\r?\n/g;
  let from = 0;
  for (let match = border.exec(text); match; match = border.exec(text)) {
    let frame = text.slice(from, match.index);
    if (events) frame = `${frame}\n`.replace(COMMENTS, '').slice(0, -1);
    if (frame.trim() !== '') give(frame);
    from = match.index + match[0].length;
  }
  const rest = text.slice(from);
  return events ? rest.replace(COMMENTS, '') : rest;
}

/** Fields of a server-sent event (WHATWG HTML, 9.2). A block of comments has no data. */
export function parseEvent(block: string): { readonly event: string; readonly data: string; readonly id: string | null } {
  let event = 'message';
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  }
  return { event, data: data.join('\n'), id };
}
