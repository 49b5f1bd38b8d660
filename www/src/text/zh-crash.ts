import type { CrashFile, CrashView, Snapshot } from "../types";
import { commandText, grouped } from "./format";
import type { CrashText } from "./text";
import { bytes } from "./zh-caption";

function imageCount(crash: CrashView): string {
  return grouped(crash.images) + (crash.moreThan ? " 种以上" : " 种");
}

/** One of several files to which the name may lead. */
export function fileName(file: CrashFile): string {
  if (file.role === "missing") return "没有文件：名字不在了";
  const range =
    file.shortest === file.longest ? `${file.longest}` : `${file.shortest} 到 ${file.longest}`;
  return `${file.role === "new" ? "新" : "旧"}日志，inode ${file.inode ?? "?"}，${range} 字节`;
}

function instead(snapshot: Snapshot): string[] {
  const kind = snapshot.crash?.kind;
  const { killed, power, diskError } = snapshot.verdict;
  const lines: string[] = [];
  if (kind !== "killed") lines.push(`如果是杀进程：还在 ${killed.sure} 次，丢失 ${killed.lost} 次`);
  if (kind !== "power-cut")
    lines.push(`如果是断电：一定还在 ${power.sure} 次，有风险 ${power.lost + power.maybe} 次`);
  if (kind !== "halted")
    lines.push(`如果是磁盘出错：安全 ${diskError.sure} 次，存疑 ${diskError.maybe} 次`);
  return lines;
}

/** The commands that a promise covers, by name while they are few. */
function promised(snapshot: Snapshot, upTo: number): string {
  const names = snapshot.log
    .filter((e) => e.to <= upTo)
    .map((e) => commandText(e.words).replaceAll(" ", "\u00a0"));
  if (names.length === 0 || names.length > 3 || names.join().length > 60)
    return `前 ${bytes(upTo)}`;
  const last = names.pop();
  return names.length === 0 ? `${last}` : `${names.join("、")} 和 ${last}`;
}

function promiseMeaning(snapshot: Snapshot, crash: CrashView): string {
  const { atLeastUpTo, sinceUs } = crash.promise;
  const upTo = promised(snapshot, atLeastUpTo);
  if (crash.kind === "killed") {
    const rest = snapshot.profile !== "hardened" ? "（被推迟的写入除外）" : "";
    return `杀进程不能丢掉已确认的写入${rest}：${upTo}。`;
  }
  if (snapshot.policy === "always") return `always 承诺每一次已确认的写入：${upTo}。`;
  if (snapshot.policy === "everysec") {
    return sinceUs === null
      ? "everysec 承诺上一次完成的刷盘开始时已写入的内容；还没有一次完成。"
      : `everysec 承诺上一次完成的刷盘开始时已写入的内容：${(sinceUs / 1e6).toFixed(3)} 秒，即${upTo.startsWith("前") ? "" : " "}${upTo}。`;
  }
  return `no 只承诺内核自己写下去的：${upTo}。`;
}

export const crash: CrashText = {
  bootFrom: "从哪里启动",
  worst: "最差的磁盘",
  best: "最好的磁盘",
  chosen: "自选长度",
  chosenLabel: (worst, best) => `长度（字节），${worst} 到 ${best}`,
  undo: (kind) =>
    kind === "killed" ? "撤销杀进程" : kind === "power-cut" ? "撤销断电" : "撤销停止",
  modelTitle: "磁盘模型",
  certain: "没了的只是进程；内核和磁盘还留着各自的内容，结果是确定的。",
  namesUnchanged: "文件名没有变化。",
  namesOpen: "没刷盘的名字，指向旧文件或者新文件。",
  possible: "可能的磁盘",
  left: "剩下的",
  images: (view, { datasets, refused }) => {
    if (view.images === 1 && !view.moreThan) return "只有一种，是确定的。";
    if (datasets === 0) return `${imageCount(view)}磁盘，都不能载入。`;
    const sets = datasets === 1 ? "都恢复出同一个数据集" : `恢复出 ${datasets} 种数据集`;
    if (refused === 0) return `${imageCount(view)}磁盘，${sets}。`;
    return `${imageCount(view)}磁盘，其中 ${grouped(refused)} 种被拒绝，其余${sets}。`;
  },
  disks: () => "种磁盘",
  worstTag: "最差",
  bestTag: "最好",
  ends: (shortest, longest) =>
    shortest === longest ? `止于 ${shortest}` : `止于 ${shortest} 到 ${longest}`,
  file: fileName,
  torn: "断尾在加载时截掉：aof-load-truncated yes。",
  promise: "承诺",
  promiseVerdict: (view) => {
    if (!view.promise.kept) return "没有守住";
    if (view.images === 1) return "守住了";
    return view.moreThan
      ? `守住了，看过的 ${grouped(view.images)} 种磁盘都是`
      : `守住了，${imageCount(view)}磁盘都是`;
  },
  promiseMeaning,
  yourWrites: (count) => `你的 ${count} 次已确认写入`,
  sure: "一定在",
  maybe: "可能",
  lost: "丢失",
  instead,
  recovered: "恢复出的数据集",
  emptyDataset: "没有键",
  moreKeys: (count) => `还有 ${count} 个键`,
  boot: "启动",
  bytes: "看字节",
  bootGroup: (_shortest, longest) => `从 ${longest} 字节启动`,
  refused: "加载器拒绝这些磁盘。",
};
