// What is counted over the disks of a failure before it is put into words.
import type { Recoveries } from "../text/text";
import type { CrashGroup, CrashView, KeyView } from "../types";

/** Why a promise is broken, and on how many disks: a write is gone, they do not load, or what they
 * load never was. */
export interface Breach {
  why: "gone" | "refused" | "unreal";
  disks: number;
}

/** Why a promise is broken: a write is gone, a disk does not load, or what it loads never was. */
export function breachOf(crash: CrashView): Breach {
  const broken = crash.groups.filter((group) => !group.promiseKept);
  const count = (groups: CrashGroup[]) => groups.reduce((sum, group) => sum + group.images, 0);
  const { atLeastUnits } = crash.promise;
  const refused = broken.filter((group) => group.refused !== null);
  const loaded = broken.filter((group) => group.refused === null);
  if (loaded.some((group) => group.keptWrites < atLeastUnits)) return { why: "gone", disks: 0 };
  if (refused.length > 0) return { why: "refused", disks: count(refused) };
  return { why: "unreal", disks: count(loaded) };
}

/** Different datasets on the disks that load, and the disks that do not. */
export function recoveries(crash: CrashView): Recoveries {
  const said = (key: KeyView) => [key.db, key.key, key.kind, key.value, key.more, key.expiresInMs];
  const loaded = crash.groups.filter((group) => group.refused === null);
  const refused = crash.groups.filter((group) => group.refused !== null);
  return {
    datasets: new Set(loaded.map((group) => JSON.stringify(group.dataset.map(said).sort()))).size,
    refused: refused.reduce((sum, group) => sum + group.images, 0),
  };
}
