import type { LabApi, LabOptions } from "./types";

/** Loads the engine. Rejects when WebAssembly is missing or the module cannot be fetched. */
export async function load(): Promise<LabApi> {
  const module = (await import("../pkg/aof_web.js")) as unknown as {
    default: () => Promise<unknown>;
    Lab: new (options: LabOptions) => LabApi;
  };
  await module.default();
  return new module.Lab({ scenario: "first-visit", policy: "everysec", profile: "redis-6.2" });
}
