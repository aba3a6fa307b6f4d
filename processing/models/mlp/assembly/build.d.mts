/** The text of kernels.wasm.ts, compiled from kernels.ts. */
export function kernelsModule(): Promise<string>;
