export { runBacktest, type BacktestOptions, type BacktestResult } from './backtest/run.ts';
export type { ModelResult, RunResults, TopicResult } from './backtest/results.ts';
export { readResults } from './backtest/results.ts';
export { EXIT, type CliIo } from './cli/io.ts';
export { runCli } from './cli/program.ts';
export { loadConfig } from './config/load.ts';
export { configJsonSchema, configSchema, type Config } from './config/schema.ts';
export { Lifecycle, type Component, type LifecycleState } from './runtime/lifecycle.ts';
export { demoRecording, packageRoot } from './package.ts';
