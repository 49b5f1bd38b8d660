import type { FaultName, NoteFact, StepFact } from "../types";
import { spoken, spokenText } from "./facts";
import { keyed, replyText, shortened } from "./format";
import { late } from "./late.svelte";
import { bytes, time } from "./zh-caption";

const FAULTS: Record<FaultName, { event: string; mark: string }> = {
  "fail-next-sync": { event: "下一次刷盘会失败", mark: "设 EIO" },
  "stall-next-sync": { event: "下一次刷盘会很慢", mark: "变慢" },
  "fill-disk": { event: "磁盘写满", mark: "写满" },
  "free-disk": { event: "磁盘有空间", mark: "腾出" },
  "short-write": { event: "下一次写入会不完整", mark: "短写" },
};

/** The status line and the spoken value of the scrubber. */
export function event(fact: StepFact): string {
  switch (fact.kind) {
    case "start":
      return "开始";
    case "connected":
      return `客户端 ${fact.client} 连上`;
    case "command":
      return `执行 ${spoken(fact.words, 28)}`;
    case "malformed":
      return "收到的不是命令";
    case "closed":
      return `客户端 ${fact.client} 断开`;
    case "write":
      return fact.result.ok
        ? `write(2) 写入 ${bytes(fact.result.bytes)}`
        : `write(2) 失败：${fact.result.errno.name}`;
    case "sync-start":
      return `对 ${fact.from} 到 ${fact.to} 调用 fdatasync`;
    case "sync-end":
    case "sync-inline":
      return fact.result.ok
        ? `fdatasync 完成，用时 ${time(fact.tookUs)}`
        : `fdatasync 失败：${fact.result.errno.name}`;
    case "reply":
      return fact.replies > 1
        ? `发出 ${fact.replies} 条回复`
        : `已回复 ${spokenText(fact.commands[0])}：${shortened(replyText(fact.texts[0] ?? ""), 22)}`;
    case "note":
      return note(fact.note);
    case "rewrite":
      return late.zh?.event(fact.rewrite) ?? "重写";
    case "truncate":
      return `文件截回 ${bytes(fact.toBytes)}`;
    case "close-file":
      return "文件已关闭";
    case "read":
      return `读回日志 ${bytes(fact.to - fact.from)}`;
    case "pause":
      return `暂停读客户端 ${fact.client}`;
    case "resume":
      return `恢复读客户端 ${fact.client}`;
    case "sleep":
      return `睡眠 ${time(fact.micros)}`;
    case "gathering":
      return "等更多客户端共用一次刷盘";
    case "writeback":
      return `内核写出 ${fact.from} 到 ${fact.to}`;
    case "fault":
      return FAULTS[fact.fault].event;
    case "halt":
      return `停止，退出码 ${fact.exitCode}`;
    case "killed":
      return "进程被杀";
    case "power-cut":
      return "断电";
    case "boot-open":
      return `打开 ${bytes(fact.imageBytes)}的文件`;
    case "boot-command":
      return `加载 ${spoken(fact.words, 24)}`;
    case "boot-truncate":
      return `尾部截到 ${fact.validUpTo}`;
    case "boot-removed":
      return fact.removed ? "删除了重写的残留" : "保留了重写的残留";
    case "boot-sync":
      return "加载的文件已刷盘";
    case "boot-sync-directory":
      return "目录已刷盘";
    case "boot-refused":
      return `在第 ${fact.at} 字节拒绝`;
    case "boot-ready":
      return `就绪，${fact.keys} 个键`;
  }
}

/** The word over a mark of the scrubber. */
export function mark(fact: StepFact): string {
  switch (fact.kind) {
    case "start":
      return "开始";
    case "connected":
      return "连上";
    case "command":
      return keyed(fact.words, 11);
    case "malformed":
      return "非命令";
    case "closed":
      return "断开";
    case "write":
      return fact.result.ok ? "写入" : fact.result.errno.name;
    case "sync-start":
      return "开始刷盘";
    case "sync-end":
    case "sync-inline":
      return fact.result.ok ? "已落盘" : fact.result.errno.name;
    case "reply":
      return fact.texts.length === 1
        ? shortened(fact.texts[0] ?? "", 10)
        : `${fact.replies} 条回复`;
    case "note":
      return noteMark(fact.note);
    case "rewrite":
      return late.zh?.mark(fact.rewrite) ?? "重写";
    case "truncate":
      return "截断";
    case "close-file":
      return "关闭";
    case "read":
      return "读取";
    case "pause":
      return "暂停";
    case "resume":
      return "恢复";
    case "sleep":
      return "睡眠";
    case "gathering":
      return "攒批";
    case "writeback":
      return "回写";
    case "fault":
      return FAULTS[fact.fault].mark;
    case "halt":
      return "停止";
    case "killed":
      return "被杀";
    case "power-cut":
      return "断电";
    case "boot-open":
      return "打开";
    case "boot-command":
      return keyed(fact.words, 11);
    case "boot-truncate":
      return "截尾";
    case "boot-removed":
      return "清理";
    case "boot-sync":
      return "刷盘";
    case "boot-sync-directory":
      return "刷目录";
    case "boot-refused":
      return "拒绝";
    case "boot-ready":
      return "就绪";
  }
}

function noteMark(fact: NoteFact): string {
  switch (fact.name) {
    case "rewrite":
      return late.zh?.noteMark(fact.rewrite) ?? "重写";
    case "write-postponed":
      return "推迟";
    case "sync-too-slow":
      return "太慢";
    case "write-failed":
      return "拒写";
    case "short-write":
      return "短写";
    case "truncate-failed":
      return "没截掉";
    case "write-recovered":
    case "sync-recovered":
      return "恢复";
    case "sync-failed":
      return "存疑";
    case "keys-expired":
      return "到期";
    case "append-only-stopped":
      return "AOF 关";
    case "log-reloaded":
      return "载入";
    case "log-not-reloaded":
      return "未载入";
    case "config-rewrite-asked":
      return "配置";
    case "config-rewritten":
      return "配置";
    case "config-not-rewritten":
      return "未写";
    case "policy-changed":
      return "换策略";
    case "shutdown-requested":
    case "shutdown-sync":
      return "关闭";
    case "held-too-long":
      return "放弃";
  }
}

export function note(fact: NoteFact): string {
  switch (fact.name) {
    case "rewrite":
      return late.zh?.noteEvent(fact.rewrite) ?? "重写";
    case "write-postponed":
      return `推迟写入 ${bytes(fact.waitingBytes)}`;
    case "sync-too-slow":
      return "刷盘太慢，照样写入";
    case "write-failed":
      return `写入失败：${fact.errno.name}`;
    case "short-write":
      return `短写，${fact.writtenBytes}/${bytes(fact.expectedBytes)}`;
    case "truncate-failed":
      return `截回失败：${fact.errno.name}`;
    case "write-recovered":
      return "恢复接受写入";
    case "sync-failed":
      return `刷盘失败：${fact.errno.name}`;
    case "sync-recovered":
      return "刷盘恢复";
    case "keys-expired":
      return `${fact.keys} 个键到期`;
    case "append-only-stopped":
      return "AOF 已关闭";
    case "log-reloaded":
      return "AOF 已重新载入";
    case "log-not-reloaded":
      return "AOF 未能载入";
    case "config-rewrite-asked":
      return "将写配置文件";
    case "config-rewritten":
      return "配置文件已写";
    case "config-not-rewritten":
      return "配置文件未能写入";
    case "policy-changed":
      return "appendfsync 已改";
    case "shutdown-requested":
      return "要求关闭";
    case "shutdown-sync":
      return "最后一次刷盘";
    case "held-too-long":
      return "放弃扣着的回复";
  }
}
