/** Asking the running process over its HTTP API. */
import type { Command } from 'commander';
import { request } from 'undici';

import { ERROR_CODES, fail, type ErrorCode } from '#proto';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

export function withUrlOption(command: Command): Command {
  return command.option('--url <url>', 'a running Foretick', DEFAULT_URL);
}

/** NOT_RUNNING, CONFIG_INVALID for no address, and whatever the process answers. */
export async function getJson<T>(url: string, path: string): Promise<T> {
  return answerOf<T>(url, path, {});
}

/** The same, with a body to send. */
export async function postJson<T>(url: string, path: string, body: unknown): Promise<T> {
  return answerOf<T>(url, path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
}

/** CONFIG_INVALID for no address. */
export function addressOf(url: string, path: string): URL {
  if (!URL.canParse(path, url)) throw fail('CONFIG_INVALID', `${url} is no address; one looks like ${DEFAULT_URL}`);
  return new URL(path, url);
}

async function answerOf<T>(url: string, path: string, options: Parameters<typeof request>[1]): Promise<T> {
  const answer = await request(addressOf(url, path), options).catch((cause: unknown) => {
    throw fail('NOT_RUNNING', `nothing answers at ${url}`, { cause });
  });
  if (answer.statusCode !== 200) throw await answerError(answer.body, url);
  return (await answer.body.json()) as T;
}

/** The coded error of an answer; NOT_RUNNING when something else answered. */
export async function answerError(body: { json(): Promise<unknown> }, url: string): Promise<Error> {
  const answer = (await body.json().catch(() => null)) as { error?: { code?: string; message?: string } } | null;
  const { code, message } = answer?.error ?? {};
  if (code === undefined || !(code in ERROR_CODES)) return fail('NOT_RUNNING', `what answers at ${url} is no Foretick`);
  return fail(code as ErrorCode, message ?? code);
}
