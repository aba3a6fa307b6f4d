/** Options of the kind `websocket`. */
import { z } from 'zod';

import { instrumentsOption, liveOptions } from '../../options.ts';
import { duration } from '../../units.ts';
import { genericOptions, messageSchema, whenSchema } from '../generic/schema.ts';

export const websocketOptions = z.strictObject({
  instruments: instrumentsOption('BTC-USD'),
  url: z.string().min(1).describe('Address; {instruments} in it are those of the connection, with commas between, {key.NAME} a key'),
  ...genericOptions(),
  subscribe: z
    .array(messageSchema())
    .default([])
    .describe('Messages to subscribe with, as text or as JSON: {instrument} in them makes one message an instrument, {each} in a list one element an instrument. Left out: the address says it all'),
  unsubscribe: z.array(messageSchema()).default([]).describe('Messages to end subscriptions with; left out: what is no longer collected is left unread until the next connection'),
  login: z
    .strictObject({
      greeting: whenSchema().optional().describe('What the vendor says before it wants to be told; left out: nothing'),
      send: messageSchema().describe('What to log in with: {key.NAME} is a key'),
      accepted: whenSchema().describe('What the vendor says then'),
    })
    .optional()
    .describe('Messages before subscribing, for vendors that want them'),
  confirmed: z
    .strictObject({
      when: whenSchema().describe('What the vendor says when it has subscribed'),
      each: z.enum(['message', 'connection']).default('message').describe('One for each message sent, or one for all of them'),
    })
    .optional()
    .describe('How subscriptions are confirmed; left out: they count as confirmed after confirmed_after'),
  confirmed_after: duration().default(1e6).describe('For vendors that confirm nothing: how long until what happens comes for sure'),
  heartbeat: z
    .strictObject({
      when: whenSchema().optional().describe('How a heartbeat of the vendor looks'),
      every: duration().optional().describe('How often we send one; left out: never'),
      send: messageSchema().optional().describe('What we send; left out: a WebSocket ping'),
    })
    .default({})
    .describe('Signs of life, the vendor\'s and ours'),
  replies: z
    .array(z.strictObject({ when: whenSchema().describe('What is answered'), send: messageSchema().describe('With what: {/pointer} is a value of the frame that is answered') }))
    .default([])
    .describe('Answers that the vendor expects, such as a pong to its ping'),
  signals: z
    .array(
      z.strictObject({
        when: whenSchema().describe('How it looks'),
        then: z
          .enum(['refuse', 'reconnect', 'wait', 'replace'])
          .describe('refuse: it ends the source, for what no further try mends; reconnect: try again; wait: the same, by the back-off of 429; replace: open another connection, then close this one'),
        message: z.string().regex(/^(\/.*)?$/).optional().describe('Where the reason stands'),
      }),
    )
    .default([])
    .describe('Errors and requests of the vendor'),
  frame_counter: z.string().regex(/^\/.*$/).optional().describe('A number in the frames of a connection, each one above the one before: what is missing is reported'),
  max_snapshot_age: duration().default(10e6).describe('A quote sent on subscribing (past) is news only when it is no older'),
  silent_after: duration().default(30e6).describe('Without a byte for so long a connection is dead: longer than the time between two heartbeats'),
  max_age: duration().optional().describe('Connections are replaced when they are so old, for vendors that cut them'),
  instruments_per_connection: z.int().min(1).default(100).describe('Instruments on one connection'),
  connections: z.int().min(1).optional().describe('Connections at most, also while one is replaced; left out: as many as the instruments need'),
  connects_per_minute: z.int().min(1).default(60).describe('The vendor\'s cap on opening connections'),
  messages_per_second: z.int().min(1).default(5).describe('The vendor\'s cap on messages of a connection'),
  ...liveOptions(),
});

export type WebsocketOptions = z.output<typeof websocketOptions>;
