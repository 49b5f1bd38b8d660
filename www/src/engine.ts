import type { LabApi, LabOptions } from "./types";

interface Engine {
  default: () => Promise<unknown>;
  Lab: new (options: LabOptions) => LabApi;
}

/** Loads the engine. Rejects when WebAssembly is missing or the module cannot be fetched. */
export async function open(options: LabOptions): Promise<LabApi> {
  if (typeof WebAssembly === "undefined") throw new Error("this browser has no WebAssembly");
  const engine = (await import("../pkg/aof_web.js")) as unknown as Engine;
  await engine.default();
  return new engine.Lab(options);
}
