// Labels every step of a run with what the worst disk would take, away from the page: under some
// models a step has thousands of disks. The module is loaded here a second time, since a worker
// shares no memory with the page.
import start, { RiskStrip } from "../../pkg/aof_web.js";
import type { DiskModel, RiskLabel } from "../types";

export interface Question {
  id: number;
  run: Uint8Array;
  model: DiskModel;
}

export interface Answer {
  id: number;
  labels: RiskLabel[];
}

const AT_ONCE = 16;
const ready = start();
let newest = 0;

addEventListener("message", (event: MessageEvent<Question>) => {
  newest = event.data.id;
  void answer(event.data);
});

async function answer({ id, run, model }: Question): Promise<void> {
  await ready;
  const strip = new RiskStrip(run, model);
  while (id === newest) {
    const labels = strip.next(AT_ONCE) as RiskLabel[];
    if (labels.length === 0) break;
    postMessage({ id, labels } satisfies Answer);
    // A newer question must be heard.
    await new Promise((heard) => setTimeout(heard));
  }
  strip.free();
}
