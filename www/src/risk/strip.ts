// The page's end of the worker. It is fetched when another model than the first is chosen.
import type { DiskModel, RiskLabel } from "../types";
import type { Answer, Question } from "./worker";

/** Labels of some steps, or why there will be no more. */
export type Heard = { labels: RiskLabel[] } | { failed: string };

let worker: Worker | null = null;
let newest = 0;
let hear: (heard: Heard) => void = () => {};

/** Asks for the labels of a run; they come in parts, and no more of an older question. */
export function ask(run: Uint8Array, model: DiskModel, heard: (heard: Heard) => void): void {
  worker ??= begin();
  newest += 1;
  hear = heard;
  worker.postMessage({ id: newest, run: { bytes: run, model } } satisfies Question);
}

/** Nobody waits for an answer any more. */
export function stop(): void {
  newest += 1;
  hear = () => {};
  worker?.postMessage({ id: newest, run: null } satisfies Question);
}

function begin(): Worker {
  const begun = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  begun.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    if (data.id === newest) hear(data);
  });
  // A script that cannot be fetched says no more than that.
  begun.addEventListener("error", (event) => {
    worker = null;
    hear({ failed: event.message || "risk/worker" });
  });
  return begun;
}
