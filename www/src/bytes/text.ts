// What the view of bytes says, in both languages. It is loaded with the view.
import { bytes as bytesEn, plural } from "../text/en-caption";
import { grouped } from "../text/format";
import { stress } from "../text/markup";
import type { Text } from "../text/text";
import { bytes as bytesZh } from "../text/zh-caption";
import type { BytesView } from "../types";

type Ledger = keyof BytesView["ledger"];
type State = BytesView["entries"][number]["state"];

export interface BytesText {
  title(inode: number | null, role: "log" | "disk"): string;
  close: string;
  /** what a start makes of the file */
  says(view: BytesView): string;
  cutAt: string;
  whole: string;
  truncated: string;
  on: string;
  off: string;
  changed(count: number): string;
  restore: string;
  state(state: State, size: number): string;
  validUpTo(at: number): string;
  hex: string;
  hexKeys: string;
  byteAt: string;
  byteSays(at: number, value: number, was: number): string;
  bit(bit: number, value: number): string;
  cutHere: string;
  before: string;
  next: string;
  shown(from: number, to: number, of: number): string;
  dataset: string;
  datasetUntil(at: number): string;
  noKeys: string;
  noDataset: string;
  moreKeys(count: number): string;
  more(count: number): string;
  play: string;
  pause: string;
  one: string;
  all: string;
  ledger: string;
  row(kind: Ledger): string;
  rowMeaning(kind: Ledger): string;
  boot: string;
  /** of the log of a server that runs */
  bootLog: string;
  bootSays(edited: boolean, truncated: boolean | null): string;
  /** why a file with a flipped bit is not booted */
  bootFlipped: string;
}

const en: BytesText = {
  title: (inode, role) =>
    role === "log" ? "Bytes of the log" : `Bytes of this disk${inode === null ? "" : `, inode ${inode}`}`,
  close: "Close",
  says: (view) => {
    const { validUpTo, lengthBytes, loadedBytes, commands } = view;
    const silent = view.ledger.altered.count;
    const altered =
      silent === 0 || loadedBytes === null
        ? ""
        : ` ${plural(silent, "write")} came back as something else, and nobody is told.`;
    if (loadedBytes === null) {
      return `Valid up to byte ${validUpTo} of ${lengthBytes}. ${stress("A start refuses this file.")}`;
    }
    if (lengthBytes === 0) return `The file is empty. ${stress("A start begins with no keys.")}`;
    if (loadedBytes < lengthBytes) {
      return `Valid up to byte ${validUpTo} of ${lengthBytes}. ${stress(`A start cuts off the last ${bytesEn(lengthBytes - loadedBytes)}.`)}${altered}`;
    }
    return `All ${bytesEn(lengthBytes)} are valid. ${stress(`A start loads ${plural(commands, "command")}.`)}${altered}`;
  },
  cutAt: "The file ends at byte",
  whole: "whole",
  truncated: "aof-load-truncated",
  on: "yes",
  off: "no",
  changed: (count) => `${plural(count, "byte")} changed`,
  restore: "As it was",
  state: (state, size) =>
    ({
      loaded: "loaded",
      cut: "whole, but cut off: its transaction has no end",
      refused: "whole, not loaded",
      torn: `torn: ${bytesEn(size)}, cut off`,
      broken: `${bytesEn(size)} that cannot be read`,
    })[state],
  validUpTo: (at) => `valid up to byte ${at}`,
  hex: "Bytes and commands",
  hexKeys: "Arrow keys choose a byte. Numbers 0 to 7 flip one of its bits.",
  byteAt: "Byte",
  byteSays: (at, value, was) => {
    const shown = (byte: number) => byte.toString(16).padStart(2, "0");
    return `Byte ${at} is ${shown(value)}${value === was ? "" : `, was ${shown(was)}`}`;
  },
  bit: (bit, value) => `Flip bit ${bit}, now ${value}`,
  cutHere: "Cut here",
  before: "Bytes before",
  next: "Bytes after",
  shown: (from, to, of) => `bytes ${from} to ${to} of ${of}`,
  dataset: "Recovered dataset",
  datasetUntil: (at) => `Dataset at byte ${at}`,
  noKeys: "no keys",
  noDataset: "none: the server does not start",
  moreKeys: (count) => `and ${plural(count, "more key")}`,
  more: (count) => `${grouped(count)} more`,
  play: "Play the recovery",
  pause: "Pause",
  one: "Next command",
  all: "All of it",
  ledger: "Your writes",
  row: (kind) => ({ kept: "kept", lost: "lost", altered: "altered", extra: "extra" })[kind],
  rowMeaning: (kind) =>
    ({
      kept: "acknowledged, and back",
      lost: "acknowledged, and gone",
      altered: "back as something else",
      extra: "back, though nobody was told that they were made",
    })[kind],
  boot: "Boot from it",
  bootLog: "Kill the server, boot from it",
  bootSays: (edited, truncated) =>
    [
      edited ? "With your changes: this failure alone does not leave this file." : "",
      truncated === null ? "" : `With aof-load-truncated ${truncated ? "yes" : "no"}.`,
    ].join(" "),
  bootFlipped:
    "A file with flipped bits can be looked at here. The run cannot go on from it: " +
    "no client wrote what it holds.",
};

const zh: BytesText = {
  title: (inode, role) =>
    role === "log" ? "日志的字节" : `这块磁盘的字节${inode === null ? "" : `，inode ${inode}`}`,
  close: "关闭",
  says: (view) => {
    const { validUpTo, lengthBytes, loadedBytes, commands } = view;
    const silent = view.ledger.altered.count;
    const altered = silent === 0 || loadedBytes === null ? "" : `有 ${silent} 次写入回来时变了样，没有人知道。`;
    if (loadedBytes === null) {
      return `${lengthBytes} 字节里，前 ${validUpTo} 有效。${stress("启动时拒绝这个文件。")}`;
    }
    if (lengthBytes === 0) return `文件是空的。${stress("启动后没有键。")}`;
    if (loadedBytes < lengthBytes) {
      return `${lengthBytes} 字节里，前 ${validUpTo} 有效。${stress(`启动时截掉最后 ${bytesZh(lengthBytes - loadedBytes)}。`)}${altered}`;
    }
    return `${bytesZh(lengthBytes)}全都有效。${stress(`启动时载入 ${commands} 条命令。`)}${altered}`;
  },
  cutAt: "文件截到第几字节",
  whole: "完整",
  truncated: "aof-load-truncated",
  on: "yes",
  off: "no",
  changed: (count) => `改了 ${count} 个字节`,
  restore: "恢复原样",
  state: (state, size) =>
    ({
      loaded: "已载入",
      cut: "完整，但截掉：事务没有结尾",
      refused: "完整，没有载入",
      torn: `残缺：${bytesZh(size)}，截掉`,
      broken: `${bytesZh(size)}无法读取`,
    })[state],
  validUpTo: (at) => `到第 ${at} 字节有效`,
  hex: "字节和命令",
  hexKeys: "方向键选一个字节，数字 0 到 7 翻转它的一位。",
  byteAt: "第几字节",
  byteSays: (at, value, was) => {
    const shown = (byte: number) => byte.toString(16).padStart(2, "0");
    return `第 ${at} 字节是 ${shown(value)}${value === was ? "" : `，原来是 ${shown(was)}`}`;
  },
  bit: (bit, value) => `翻转第 ${bit} 位，现在是 ${value}`,
  cutHere: "从这里截断",
  before: "前面的字节",
  next: "后面的字节",
  shown: (from, to, of) => `共 ${of} 字节，这里是 ${from} 到 ${to}`,
  dataset: "恢复出的数据",
  datasetUntil: (at) => `到第 ${at} 字节时的数据`,
  noKeys: "没有键",
  noDataset: "没有：服务器不启动",
  moreKeys: (count) => `还有 ${count} 个键`,
  more: (count) => `还有 ${grouped(count)} 个`,
  play: "播放恢复",
  pause: "暂停",
  one: "下一条命令",
  all: "全部",
  ledger: "你的写入",
  row: (kind) => ({ kept: "还在", lost: "丢失", altered: "变样", extra: "多出" })[kind],
  rowMeaning: (kind) =>
    ({
      kept: "确认过，还在",
      lost: "确认过，丢了",
      altered: "回来了，但变了样",
      extra: "回来了，但没有人收到确认",
    })[kind],
  boot: "从它启动",
  bootLog: "杀掉服务器，从它启动",
  bootSays: (edited, truncated) =>
    (edited ? "带着你的改动：故障本身留不下这样的文件。" : "") +
    (truncated === null ? "" : `aof-load-truncated 为 ${truncated ? "yes" : "no"}。`),
  bootFlipped: "位翻转过的文件可以在这里查看，但不能从它继续运行：没有客户端写过其中的内容。",
};

export function bytesText(tag: Text["tag"]): BytesText {
  return tag === "en" ? en : zh;
}
