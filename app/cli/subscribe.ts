/** `foretick subscribe add`, `remove`, `list`: what live sources collect, changed while they run. */
import type { Command } from 'commander';

import { readSubscriptions } from '#collectors';
import { fail, type Subscription } from '#proto';

import { changeSubscriptions, type ChangedSubscription, type SubscriptionChange } from '../subscriptions/change.ts';
import { WHERE, changed, inspected } from './inspected.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { withConfigOptions, type ConfigFlags } from './options.ts';
import { getJson, postJson, withUrlOption } from './remote.ts';
import { printable, tableOf, time } from './table.ts';

interface SubscribeFlags extends ConfigFlags {
  readonly url: string;
  readonly json?: boolean;
}

export function addSubscribe(program: Command, io: CliIo, finish: (code: number) => void): void {
  const subscribe = program
    .command('subscribe')
    .summary('Instruments of live sources: add, remove, list')
    .description('Say what live sources collect, while they run. Sources whose configuration leaves out instruments follow it');
  const command = (name: string, data: string): Command =>
    withConfigOptions(withUrlOption(subscribe.command(name))).option('-d, --data <directory>', data).option('--json', 'as JSON');

  for (const action of ['add', 'remove'] as const) {
    command(action, 'the directory of an embedded queue; nothing else may use it meanwhile')
      .description(action === 'add' ? 'Collect instruments from a source' : 'Collect them no longer')
      .argument('<source>', 'name of a source in the configuration')
      .argument('<instruments...>', 'as the source spells them (BTC-USD), or as ids (coinbase:BTC-USD)')
      .addHelpText(
        'after',
        `
No process needs a restart: those that collect from the source share the instruments out among themselves, and the one that has
the instrument's partition ${action === 'add' ? 'subscribes to it' : 'unsubscribes from it'}.${action === 'add' ? ' What happened before is not fetched.' : ''}

${WHERE}

Exit codes: 0 it is so now, 1 nothing answers, 2 wrong use.

Examples:
  $ foretick subscribe ${action} coinbase BTC-USD ETH-USD
  $ foretick subscribe ${action} kraken kraken:BTC-EUR --config live.yaml`,
      )
      .action(async (source: string, instruments: string[], flags: SubscribeFlags, self: Command) => {
        await shown(io, finish, flags, async () => {
          const results = await change(io, flags, self, { source, action, instruments });
          print(io, flags.json === true ? JSON.stringify({ subscriptions: results }, null, 2) : results.map((one) => printable(sentence(one, action))).join('\n'));
        });
      });
  }

  command('list', 'look into this directory instead; it is only read')
    .description('List what is subscribed to')
    .argument('[source]', 'only of this source')
    .addHelpText('after', `\n${WHERE}\n\nExit codes: 0 listed, 1 nothing answers, 2 wrong use.\n\nExamples:\n  $ foretick subscribe list\n  $ foretick subscribe list coinbase --json`)
    .action(async (source: string | undefined, flags: SubscribeFlags, self: Command) => {
      await shown(io, finish, flags, async () => {
        const all = await inspected(
          io,
          flags,
          self,
          ({ queue, layout }) => readSubscriptions(queue, layout),
          async () => (await getJson<{ subscriptions: Subscription[] }>(flags.url, '/v1/subscriptions')).subscriptions,
        );
        const found = all.filter((one) => source === undefined || one.source === source);
        print(io, flags.json === true ? JSON.stringify({ subscriptions: found }, null, 2) : listed(found));
      });
    });
}

function change(io: CliIo, flags: SubscribeFlags, self: Command, wanted: SubscriptionChange): Promise<readonly ChangedSubscription[]> {
  if (wanted.instruments.length > 10_000) throw fail('INVALID_REQUEST', 'at most 10000 instruments at once');
  return changed<readonly ChangedSubscription[]>(
    io,
    flags,
    self,
    ({ queue, layout, config }) => changeSubscriptions(queue, layout, config, wanted),
    async () => (await postJson<{ subscriptions: ChangedSubscription[] }>(flags.url, '/v1/subscriptions', wanted)).subscriptions,
  );
}

async function shown(io: CliIo, finish: (code: number) => void, { json = false }: { readonly json?: boolean }, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    finish(EXIT.ok);
  } catch (error) {
    finish(reportError(io, error, json));
  }
}

function sentence({ source, instrument, changed: isNew }: ChangedSubscription, action: 'add' | 'remove'): string {
  if (action === 'add') return isNew ? `${source} collects ${instrument} from now on.` : `${source} was to collect ${instrument} before.`;
  return isNew ? `${source} collects ${instrument} no longer.` : `${source} was not to collect ${instrument}.`;
}

function listed(subscriptions: readonly Subscription[]): string {
  if (subscriptions.length === 0) return 'Nothing is subscribed to.';
  return tableOf(
    [{ head: 'source' }, { head: 'instrument' }, { head: 'since' }],
    subscriptions.map(({ source, instrument, sinceUs }) => [printable(source), printable(instrument), time(sinceUs / 1000)]),
  );
}
