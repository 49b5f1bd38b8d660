import { shortened } from "../text/format";
import { bytes, time } from "../text/zh-caption";
import type { ChildExit, IoResult, RewriteFact, RewriteNoteFact, RewriteWork } from "../types";

export const failed = (result: IoResult) => (result.ok ? "" : result.errno.name);

export function ended(exit: ChildExit): string {
  return "code" in exit ? `以 ${exit.code} 退出` : `被信号 ${exit.signal} 结束`;
}

// 状态行和进度条上的词。

export function event(fact: RewriteFact): string {
  switch (fact.name) {
    case "pipes":
      return fact.result.ok ? "建了三条管道" : `没有管道：${failed(fact.result)}`;
    case "fork":
      return fact.result.ok
        ? `fork(2) 产生子进程 ${fact.child}，用时 ${time(fact.tookUs)}`
        : `fork(2) 失败：${failed(fact.result)}`;
    case "send":
      if (fact.pipe === "ack") return "确认已发给子进程";
      return fact.result.ok
        ? `${bytes(fact.result.bytes)}进了数据管道`
        : `数据管道：${failed(fact.result)}`;
    case "writable":
      return "数据管道有空位";
    case "stop-asked":
      return "父进程读到停止";
    case "report":
      return `写完 ${fact.keysDone}/${fact.keysTotal} 个键`;
    case "reaped":
      return `收走子进程：${ended(fact.exit)}`;
    case "kill-child":
      return `要求子进程 ${fact.child} 结束`;
    case "child-killed":
      return `子进程 ${fact.child} 被杀`;
    case "work-start":
      return `开始${workName(fact.work)}`;
    case "work-end":
      return fact.result.ok
        ? `${workName(fact.work)}完成，用时 ${time(fact.tookUs)}`
        : `${workName(fact.work)}失败：${failed(fact.result)}`;
    case "close-pipes":
      return "管道已关闭";
    case "switched":
      return `inode ${fact.newInode} 成为日志`;
    case "names-written-back":
      return "目录被回写";
    case "child-open":
      return fact.result.ok ? "子进程打开文件" : "子进程打不开文件";
    case "child-write":
      return fact.result.ok
        ? `子进程写入 ${bytes(fact.result.bytes)}`
        : `子进程写入失败：${failed(fact.result)}`;
    case "child-sync":
      return fact.result.ok ? "子进程刷了盘" : "子进程刷盘失败";
    case "child-read":
      return `子进程读到差异 ${bytes(fact.bytes)}`;
    case "child-wait":
      return fact.readable ? "管道里有字节了" : "子进程等了个空";
    case "child-stop":
      return "子进程请求停止";
    case "child-ack":
      return fact.answer === "ack" ? "子进程得到确认" : "子进程没得到确认";
    case "child-close":
      return "子进程关闭文件";
    case "child-rename":
      return "子进程给文件改名";
    case "child-unlink":
      return "子进程删除文件";
    case "child-report":
      return "子进程汇报";
    case "child-exit":
      return `子进程${ended(fact.exit)}`;
  }
}

function workName(work: RewriteWork): string {
  switch (work.what) {
    case "open":
      return "打开新文件";
    case "append":
      return `追加 ${bytes(work.bytes)}`;
    case "sync":
      return "新文件刷盘";
    case "rename":
      return "rename(2)";
    case "sync-directory":
      return "目录刷盘";
    case "close":
      return "关闭旧日志";
    case "unlink":
      return `删除 ${shortened(work.file, 20)}`;
  }
}

export function mark(fact: RewriteFact): string {
  switch (fact.name) {
    case "pipes":
      return "管道";
    case "fork":
      return fact.result.ok ? "fork" : failed(fact.result);
    case "send":
      return fact.pipe === "ack" ? "确认" : fact.result.ok ? "送出" : "满了";
    case "writable":
      return "有空位";
    case "stop-asked":
      return "停了";
    case "report":
      return "汇报";
    case "reaped":
      return "收走";
    case "kill-child":
    case "child-killed":
      return "杀子进程";
    case "work-start":
    case "work-end":
      return fact.name === "work-end" && !fact.result.ok
        ? failed(fact.result)
        : workMark(fact.work);
    case "close-pipes":
      return "关管道";
    case "switched":
      return "换描述符";
    case "names-written-back":
      return "回写";
    case "child-open":
      return "子进程打开";
    case "child-write":
      return fact.result.ok ? `子进程 ${fact.result.bytes} B` : failed(fact.result);
    case "child-sync":
      return "子进程刷盘";
    case "child-read":
      return "子进程读";
    case "child-wait":
      return "子进程等";
    case "child-stop":
      return "停止";
    case "child-ack":
      return "收到确认";
    case "child-close":
      return "子进程关闭";
    case "child-rename":
      return "子进程改名";
    case "child-unlink":
      return "子进程删除";
    case "child-report":
      return "汇报";
    case "child-exit":
      return "子进程退出";
  }
}

function workMark(work: RewriteWork): string {
  switch (work.what) {
    case "open":
      return "打开";
    case "append":
      return `剩余 ${work.bytes} B`;
    case "sync":
      return "刷盘";
    case "rename":
      return "改名";
    case "sync-directory":
      return "刷目录";
    case "close":
      return "关旧日志";
    case "unlink":
      return "删除";
  }
}

const FAILURES = {
  "pipes-failed": "没能建管道",
  "fork-failed": "没能 fork",
  "ack-failed": "没能发出确认",
  "open-failed": "没能打开新文件",
  "diff-failed": "没能把剩下的追加到新文件",
  "seal-failed": "新文件没能刷盘",
  "rename-failed": "没能改名",
  "turn-on-failed": "没能打开日志",
} as const;

export function noteEvent(fact: RewriteNoteFact): string {
  switch (fact.name) {
    case "automatic":
      return `增长了 ${fact.growthPercent}%`;
    case "healing":
      return "用重写修复日志";
    case "started":
      return `子进程 ${fact.child} 开始`;
    case "stop-asked":
      return "子进程请求停止";
    case "copied-on-write":
      return `写时复制 ${bytes(fact.copiedBytes)}`;
    case "child-ended":
      return `子进程${ended(fact.exit)}`;
    case "diff-written":
      return `剩下的 ${bytes(fact.bytes)}已写`;
    case "gates-held":
      return "写入的回复先等着";
    case "directory-sync-failed":
      return `目录刷盘失败：${fact.errno.name}`;
    case "finished":
      return `${fact.oldBytes} 字节变成 ${fact.newBytes}`;
    case "switch-took":
      return `切换用了 ${time(fact.micros)}`;
    case "killing-child":
      return `要求子进程 ${fact.child} 结束`;
    case "diff-grows":
      return `重写缓冲 ${fact.blocks} 块`;
    case "diff-limit":
      return "重写缓冲满了";
    case "backs-off":
      return `${time(fact.retryMs * 1_000)}后再试`;
    case "turned-on":
      return "AOF 已打开";
    case "shutdown-refused":
      return "拒绝关闭";
    default:
      return `${FAILURES[fact.name]}：${fact.errno.name}`;
  }
}

export function noteMark(fact: RewriteNoteFact): string {
  switch (fact.name) {
    case "automatic":
      return "增长";
    case "healing":
      return "修复";
    case "started":
      return "开始";
    case "stop-asked":
      return "记下停止";
    case "copied-on-write":
      return "复制";
    case "child-ended":
      return "结束";
    case "diff-written":
      return "剩余已写";
    case "gates-held":
      return "等着";
    case "directory-sync-failed":
      return fact.errno.name;
    case "finished":
      return "完成";
    case "switch-took":
      return "切换";
    case "killing-child":
      return "杀子进程";
    case "diff-grows":
      return "变大";
    case "diff-limit":
      return "上限";
    case "backs-off":
      return "稍后";
    case "turned-on":
      return "AOF 开";
    case "shutdown-refused":
      return "拒绝";
    default:
      return fact.errno.name;
  }
}
