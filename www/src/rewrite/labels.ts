// What stands around the scenes: the lane of the same rewrite on the loop, the tables, and the way
// to the other order.
import { bytes as bytesEn, plural, time as timeEn } from "../text/en-caption";
import type { Text } from "../text/text";
import type { Policy, RewriteView } from "../types";
import { bytes as bytesZh, time as timeZh } from "../text/zh-caption";

export interface Labels {
  foreground: string;
  foregroundShow: string;
  foregroundHide: string;
  foregroundSays(lane: NonNullable<RewriteView["foreground"]>): string;
  /** in the bar, and behind a command */
  stands(micros: number): string;
  waits(client: number, micros: number): string;
  waited(client: number, text: string, micros: number): string;
  otherOrder: string;
  otherOrderSays(policy: Policy): string;
  tryOrder: string;

  where: string;
  whereColumns: string[];
  place: { buffer(block: number): string; pipe: string; stop: string; ack: string; child: string };
  files: string;
  fileColumns: string[];
  role(role: "old" | "new"): string;
  part(kind: "log" | "rewritten" | "diff", bytes: number): string;
  keys: string;
  keyColumns: string[];
  keyState(state: "same" | "changed" | "deleted" | "added"): string;
  none: string;
}

const en: Labels = {
  foreground: "The same rewrite without a child",
  foregroundShow: "Show the same rewrite without a child",
  foregroundHide: "Hide it",
  foregroundSays: (lane) => {
    const took = timeEn(lane.endUs - lane.startUs);
    const many = lane.waiting.length;
    const longest = Math.max(0, ...lane.waiting.map((one) => one.waitedUs));
    if (many === 0) return `The event loop would have stood still for ${took}. Nobody asked for anything in that time.`;
    return `The event loop would have stood still for ${took}: ${plural(many, "command")} would have waited, the longest for ${timeEn(longest)}.`;
  },
  stands: (micros) => `the event loop stands still, ${timeEn(micros)}`,
  waits: (client, micros) => `client ${client}, ${timeEn(micros)}`,
  waited: (client, text, micros) => `${text} of client ${client} would have waited ${timeEn(micros)}`,
  otherOrder: "Redis 6.2 order",
  otherOrderSays: (policy) =>
    policy === "always"
      ? "A sync on the event loop, then the name, and the directory is never synced: a power cut may bring the old name back."
      : "The name first, the sync when the policy says so, the directory never: what was appended last may be missing under the new name.",
  tryOrder: "Try that order",
  where: "Writes since the fork, by place",
  whereColumns: ["Place", "Command", "Bytes", "Number"],
  place: {
    buffer: (block) => `rewrite buffer, block ${block}`,
    pipe: "data pipe",
    stop: "stop pipe",
    ack: "ack pipe",
    child: "diff of the child",
  },
  files: "The two files",
  fileColumns: ["Inode", "Role", "Bytes", "Synced", "Descriptor", "Parts"],
  role: (role) => (role === "old" ? "old log" : "new log"),
  part: (kind, bytes) =>
    `${bytesEn(bytes)} ${kind === "log" ? "appended" : kind === "rewritten" ? "rewritten" : "of the diff"}`,
  keys: "Keys of parent and child",
  keyColumns: ["Key", "Parent", "Child", "Since the fork"],
  keyState: (state) => (state === "same" ? "unchanged" : state),
  none: "none",
};

const zh: Labels = {
  foreground: "没有子进程的同一次重写",
  foregroundShow: "看没有子进程的同一次重写",
  foregroundHide: "收起",
  foregroundSays: (lane) => {
    const took = timeZh(lane.endUs - lane.startUs);
    const many = lane.waiting.length;
    const longest = Math.max(0, ...lane.waiting.map((one) => one.waitedUs));
    if (many === 0) return `事件循环会停 ${took}，这期间没有人来。`;
    return `事件循环会停 ${took}：${many} 条命令要等，最久的等 ${timeZh(longest)}。`;
  },
  stands: (micros) => `事件循环停住 ${timeZh(micros)}`,
  waits: (client, micros) => `客户端 ${client}，${timeZh(micros)}`,
  waited: (client, text, micros) => `客户端 ${client} 的 ${text} 要等 ${timeZh(micros)}`,
  otherOrder: "Redis 6.2 的顺序",
  otherOrderSays: (policy) =>
    policy === "always"
      ? "先在事件循环里刷盘，再改名，目录不刷：断电后可能又是旧名字。"
      : "先改名，刷盘随策略，目录不刷：新名字下面，最后追加的可能不在。",
  tryOrder: "试试那个顺序",
  where: "fork 之后的写入在哪里",
  whereColumns: ["位置", "命令", "字节", "编号"],
  place: {
    buffer: (block) => `重写缓冲，第 ${block} 块`,
    pipe: "数据管道",
    stop: "停止管道",
    ack: "确认管道",
    child: "子进程的差异",
  },
  files: "两个文件",
  fileColumns: ["Inode", "角色", "字节", "已刷盘", "描述符", "组成"],
  role: (role) => (role === "old" ? "旧日志" : "新日志"),
  part: (kind, bytes) =>
    `${kind === "log" ? "追加" : kind === "rewritten" ? "重写" : "差异"} ${bytesZh(bytes)}`,
  keys: "父进程和子进程的键",
  keyColumns: ["键", "父进程", "子进程", "fork 之后"],
  keyState: (state) =>
    state === "same" ? "没变" : state === "changed" ? "改了" : state === "deleted" ? "删了" : "新增",
  none: "无",
};

export function labels(tag: Text["tag"]): Labels {
  return tag === "en" ? en : zh;
}
