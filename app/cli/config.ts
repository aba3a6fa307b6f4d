/** `foretick config`: check a configuration, or print its JSON Schema. */
import type { Command } from 'commander';
import { stringify } from 'yaml';

import { readConfigFile } from '../config/load.ts';
import { configAsWritten, configJsonSchema } from '../config/schema.ts';
import { ownSourceKinds } from '../config/source-files.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { DEFAULT_CONFIG, configOf } from './options.ts';

export function addConfig(program: Command, io: CliIo, finish: (code: number) => void): void {
  const config = program.command('config').summary('Check the configuration').description('Check the configuration, or print its schema');
  config
    .command('check')
    .description('Check the file, the FORETICK_* variables and print the configuration that results')
    .argument('[file]', `default: ${DEFAULT_CONFIG} where there is one`)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
What is printed is a whole configuration that can be used as a file. Exit code 2: something is wrong, with file, line and key.

Examples:
  $ foretick config check foretick.yaml
  $ FORETICK_SERVING_HTTP_PORT=9090 foretick config check`,
    )
    .action(async (file: string | undefined, flags: { json?: boolean }) => {
      try {
        const loaded = await configOf(io, file === undefined ? {} : { config: file }, {}, {});
        const written = configAsWritten(loaded.config, loaded.kinds);
        if (flags.json) {
          print(io, JSON.stringify(written, null, 2));
        } else {
          print(io, `# ${loaded.file ?? 'no file: defaults and environment'}`);
          io.stdout.write(stringify(written));
        }
        finish(EXIT.ok);
      } catch (error) {
        finish(reportError(io, error, flags.json === true));
      }
    });
  config
    .command('schema')
    .description('Print the JSON Schema of the configuration, for editors and CI')
    .argument('[file]', `whose source_files are part of it; default: ${DEFAULT_CONFIG} where there is one`)
    .addHelpText('after', '\nExit codes: 0 printed, 2 a file of a source cannot be used.\n\nExample:\n  $ foretick config schema > foretick.schema.json')
    .action(async (file: string | undefined) => {
      try {
        print(io, JSON.stringify(configJsonSchema(await ownSourceKinds(readConfigFile({ file, defaultFile: DEFAULT_CONFIG }))), null, 2));
        finish(EXIT.ok);
      } catch (error) {
        finish(reportError(io, error, false));
      }
    });
}
