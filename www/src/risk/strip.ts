// The page's end of the worker. It is fetched when another model than the first is chosen.
import type { DiskModel, RiskLabel } from "../types";
import type { Answer, Question } from "./worker";

let worker: Worker | null = null;
let newest = 0;
let hear: (labels: RiskLabel[]) => void = () => {};

/** Asks for the labels of a run; they come in parts, and no more of an older question. */
export function ask(run: Uint8Array, model: DiskModel, heard: (labels: RiskLabel[]) => void): void {
  if (worker === null) {
    worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      if (data.id === newest) hear(data.labels);
    });
  }
  newest += 1;
  hear = heard;
  worker.postMessage({ id: newest, run, model } satisfies Question);
}
