/** `foretick/sources/testing`: what a source of one's own is tested with (docs/sources.md). */
export { sourceContract, type ContractOptions, type RegisterTest } from './contract.ts';
export { Run, type RunOptions } from './run.ts';
export type { Published } from './published.ts';
export { StandIn, type Refusal, type StandInOptions, type Vendor } from './stand-in.ts';
export type { VendorConnection } from './connection.ts';
export type { Fault, Scenario } from './scenario.ts';
export type { MarketItem, MarketPost, MarketQuote, MarketTrade } from './market.ts';
export { WindowRule } from './rules.ts';
export { findings } from './accounts.ts';
