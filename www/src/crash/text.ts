// The sentence that closes what a failure did to the promise. It is fetched with the first failure.
import { grouped } from "../text/format";
import type { CrashView } from "../types";
import { breachOf, type Breach } from "./facts";

/** What is lost, or why it may not be, in the language of the page. */
export function foot(tag: string, view: CrashView): string {
  return (tag === "en" ? en : zh)(view, breachOf(view));
}

/** Why a server cannot be started from a disk of this length; the nearest that can be follows. */
export function noLength(tag: string, length: number | null): string {
  if (length === null) return tag === "en" ? "Type a length." : "请输入长度。";
  return tag === "en"
    ? `No disk is ${grouped(length)} bytes long now. The nearest:`
    : `现在没有 ${grouped(length)} 字节的磁盘。最近的：`;
}

function en(view: CrashView, { why, disks }: Breach): string {
  const lost = view.groups.some((group) => group.lostWrites > 0);
  if (!view.promise.kept) {
    const load = disks === 1 ? "1 disk" : `${grouped(disks)} disks`;
    if (why === "unreal")
      return `${load} ${disks === 1 ? "loads" : "load"} a dataset that never was.`;
    if (why === "refused") return `The server does not start from ${load}.`;
    return "An acknowledged write that was promised is gone.";
  }
  return lost ? "What is lost breaks no promise." : "Nothing acknowledged is lost.";
}

function zh(view: CrashView, { why, disks }: Breach): string {
  const lost = view.groups.some((group) => group.lostWrites > 0);
  if (!view.promise.kept) {
    if (why === "unreal") return `${grouped(disks)} 种磁盘载入了从未有过的数据集。`;
    if (why === "refused") return `从 ${grouped(disks)} 种磁盘启动不了。`;
    return "承诺过的一次已确认写入没了。";
  }
  return lost ? "丢掉的没有违背承诺。" : "已确认的都没丢。";
}
