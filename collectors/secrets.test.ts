import { expect, test } from '@jest/globals';
import { inspect } from 'node:util';

import { Secret, createRedactor, secretSchema } from './secrets.ts';

test('a secret prints as [secret], however it is printed', () => {
  const secret = new Secret('tok-12345');
  expect([secret as unknown as string, JSON.stringify({ secret }), inspect({ secret }), inspect(secret, { showHidden: true }), String(secret)].join('\n')).not.toContain('12345');
  expect(secret.reveal()).toBe('tok-12345');
});

test('it is found in what others print: as it is, in an address, in JSON, in base64', () => {
  const redactor = createRedactor();
  const value = 'p"ss w/rd+1';
  redactor.add(new Secret(value));
  const base64 = Buffer.from(value).toString('base64');
  const printed = `${value} wss://x/?token=${encodeURIComponent(value)} ${JSON.stringify({ value })} Basic ${base64}`;
  expect(redactor.redact(printed)).toBe('[secret] wss://x/?token=[secret] {"value":"[secret]"} Basic [secret]');
  expect(redactor.redact('nothing here')).toBe('nothing here');
});

test('a configuration holds where a secret stands, never the secret', () => {
  expect(secretSchema().safeParse({ env: 'KEY' }).success).toBe(true);
  expect(secretSchema().safeParse({ file: '/run/secrets/key' }).success).toBe(true);
  for (const value of ['tok-12345', { value: 'tok-12345' }, { env: 'A', file: 'b' }, { env: '' }]) expect(secretSchema().safeParse(value).success).toBe(false);
});
