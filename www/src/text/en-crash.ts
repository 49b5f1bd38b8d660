import type { CrashFile, CrashView, Snapshot } from "../types";
import { plural } from "./en-caption";
import { clock, commandText, grouped } from "./format";
import type { CrashText } from "./text";

function imageCount(crash: CrashView): string {
  return (crash.moreThan ? "more than " : "") + grouped(crash.images);
}

/** One of several files to which the name may lead. */
export function fileName(file: CrashFile): string {
  if (file.role === "missing") return "No file: the name is gone";
  const range =
    file.shortest === file.longest ? `${file.longest}` : `${file.shortest} to ${file.longest}`;
  return `${file.role === "new" ? "New" : "Old"} log, inode ${file.inode ?? "?"}, ${range} bytes`;
}

function instead(snapshot: Snapshot): string[] {
  const kind = snapshot.crash?.kind;
  const { killed, power, diskError } = snapshot.verdict;
  const lines: string[] = [];
  if (kind !== "killed") lines.push(`Killed instead: ${killed.sure} kept, ${killed.lost} lost`);
  if (kind !== "power-cut")
    lines.push(`Power lost instead: ${power.sure} sure, ${power.lost + power.maybe} at risk`);
  if (kind !== "halted")
    lines.push(`Disk error instead: ${diskError.sure} safe, ${diskError.maybe} in doubt`);
  return lines;
}

/** The commands that a promise covers, by name while they are few. */
function promised(snapshot: Snapshot, upTo: number): string {
  const names = snapshot.log
    .filter((e) => e.to <= upTo)
    .map((e) => commandText(e.words).replaceAll(" ", "\u00a0"));
  if (names.length === 0 || names.length > 3 || names.join().length > 60)
    return `bytes 0 to ${upTo}`;
  const last = names.pop();
  return names.length === 0 ? `${last}` : `${names.join(", ")} and ${last}`;
}

function promiseMeaning(snapshot: Snapshot, crash: CrashView): string {
  const { atLeastUpTo, sinceUs } = crash.promise;
  const upTo = promised(snapshot, atLeastUpTo);
  if (crash.kind === "killed") {
    const rest = snapshot.profile !== "hardened" ? ", minus a write that was put off" : "";
    return `Killing the process may not lose an acknowledged write${rest}: ${upTo}.`;
  }
  if (snapshot.policy === "always") return `always promises every acknowledged write: ${upTo}.`;
  if (snapshot.policy === "everysec") {
    return sinceUs === null
      ? "everysec promises what was written when the last finished sync began. None has finished."
      : `everysec promises what was written when the last finished sync began: at ${clock(sinceUs)}, so ${upTo}.`;
  }
  return `no promises only what the kernel has written by itself: ${upTo}.`;
}

export const crash: CrashText = {
  bootFrom: "Boot from",
  worst: "the worst disk",
  best: "the best disk",
  chosen: "a length you choose",
  chosenLabel: (worst, best) => `Length in bytes, ${worst} to ${best}`,
  undo: (kind) =>
    kind === "killed"
      ? "Undo the kill"
      : kind === "power-cut"
        ? "Undo the power cut"
        : "Undo the halt",
  modelTitle: "Disk model",
  certain:
    "Only the process is gone. The kernel and the disk keep what they have, so nothing is guessed.",
  namesUnchanged: "Names: none changed.",
  namesOpen: "Names: one that was not synced leads to the old file or to the new one.",
  possible: "Possible disks",
  left: "What is left",
  images: (view, { datasets, refused }) => {
    if (view.images === 1 && !view.moreThan) return "One image. It is certain.";
    if (datasets === 0) return `${imageCount(view)} images. None of them loads.`;
    const sets = datasets === 1 ? "the same dataset" : `one of ${datasets} datasets`;
    if (refused === 0) return `${imageCount(view)} images. Each recovers ${sets}.`;
    const are = refused === 1 ? "is" : "are";
    return `${imageCount(view)} images. ${grouped(refused)} ${are} refused, each other recovers ${sets}.`;
  },
  disks: (count) => (count === 1 ? "disk" : "disks"),
  worstTag: "worst",
  bestTag: "best",
  ends: (shortest, longest) =>
    shortest === longest
      ? `ends at\u00a0${shortest}`
      : `ends at\u00a0${shortest} to\u00a0${longest}`,
  file: fileName,
  torn: "Torn tails are cut back at load: aof-load-truncated yes.",
  promise: "Promise",
  promiseVerdict: (view) => {
    if (!view.promise.kept) return "Broken";
    if (view.images === 1) return "Kept";
    return view.moreThan
      ? `Kept, on the ${grouped(view.images)} disks that were looked at`
      : `Kept, on all ${imageCount(view)} disks`;
  },
  promiseMeaning,
  yourWrites: (count) =>
    count === 1 ? "Your acknowledged write" : `Your ${count} acknowledged writes`,
  sure: "sure",
  maybe: "maybe",
  lost: "lost",
  instead,
  recovered: "Recovered dataset",
  emptyDataset: "no keys",
  moreKeys: (count) => `and ${plural(count, "more key")}`,
  boot: "Boot",
  bytes: "Bytes",
  bootGroup: (shortest, longest) =>
    shortest === longest ? `Boot from ${shortest} bytes` : `Boot from ${longest} bytes`,
  refused: "The loader refuses these.",
};
