// Labels every step of a run with what the worst disk would take, away from the page: under some
// models a step has thousands of disks. The module is loaded here a second time, since a worker
// shares no memory with the page.
import start, { RiskStrip } from "../../pkg/aof_web.js";
import type { DiskModel, RiskLabel } from "../types";

export interface Question {
  id: number;
  /** null when only the older question is to end */
  run: { bytes: Uint8Array; model: DiskModel } | null;
}

export type Answer = { id: number; labels: RiskLabel[] } | { id: number; failed: string };

const AT_ONCE = 16;
const ready = start();
let newest = 0;

addEventListener("message", ({ data: { id, run } }: MessageEvent<Question>) => {
  newest = id;
  if (run === null) return;
  answer(id, run).catch((error: unknown) => {
    const failed = error instanceof Error ? error.message : String(error);
    postMessage({ id, failed } satisfies Answer);
  });
});

async function answer(id: number, run: NonNullable<Question["run"]>): Promise<void> {
  await ready;
  if (id !== newest) return;
  const strip = new RiskStrip(run.bytes, run.model);
  try {
    while (id === newest) {
      const labels = strip.next(AT_ONCE) as RiskLabel[];
      if (labels.length === 0) break;
      postMessage({ id, labels } satisfies Answer);
      // A newer question must be heard.
      await new Promise((heard) => setTimeout(heard));
    }
  } finally {
    strip.free();
  }
}
