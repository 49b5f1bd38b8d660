import type { CrashFile, CrashView, NoteFact, Snapshot, StepFact } from "../types";
import { zhDisks } from "./disks";
import {
  answeredTo,
  endBehindGap,
  executedWrites,
  isLogOn,
  isQueued,
  isSafe,
  keptNames,
  loggedAs,
  namedWrites,
  selectsFirst,
  spoken,
  spokenText,
  survivors,
  turns,
  undoneName,
  waitsForRewrite,
} from "./facts";
import { clock, duration, grouped, replyText, shortened } from "./format";
import { late } from "./late.svelte";
import { code, stress } from "./markup";

const WORDS = ["零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"];

/** A number before a measure word: 两次, not 二次. */
export function count(value: number): string {
  return WORDS[value] ?? ` ${grouped(value)} `;
}

export function bytes(value: number): string {
  return `${value} 字节`;
}

export function time(micros: number): string {
  const { value, unit } = duration(micros);
  return `${value} ${unit === "us" ? "微秒" : unit === "ms" ? "毫秒" : "秒"}`;
}

/** The clock reading inside a sentence. */
function at(micros: number): string {
  return `${(micros / 1_000_000).toFixed(3)} 秒`;
}

// 标题：先说事实，再说代价。

export function headline(snapshot: Snapshot, _short: boolean): string {
  const { verdict, crash } = snapshot;
  if (snapshot.state === "booting") return booting(snapshot);
  if (snapshot.state === "refused") return `服务器拒绝加载日志，${stress("什么也没有改动")}。`;
  if (crash) return afterCrash(snapshot);
  const rewrite = late.zh?.headline(snapshot) ?? null;
  if (rewrite !== null) return rewrite;
  if (!isLogOn(snapshot)) {
    return waitsForRewrite(snapshot)
      ? `日志在等第一次重写，${stress("写完之前新的写入只在内存里")}。`
      : `日志已关闭，${stress("新的写入只在内存里")}。`;
  }
  const of = verdict.power.of;
  if (of === 0) return unacknowledged(snapshot);
  const cost = survival(verdict.power.sure, of);
  if (snapshot.refusing) return `服务器拒绝新的写入，${cost}`;
  return of === 1 ? `一次写入收到了 OK，${cost}` : `${count(of)}次写入都收到了 OK，${cost}`;
}

function survival(sure: number, of: number): string {
  if (sure === of) return `断电后${stress(of === 1 ? "它也还在" : "全都还在")}。`;
  if (sure === 0) return `断电后${stress(of === 1 ? "它不一定还在" : "没有一次一定还在")}。`;
  return `断电后${stress(`一定还在的只有${count(sure)}次`)}。`;
}

function unacknowledged(snapshot: Snapshot): string {
  const ran = executedWrites(snapshot);
  if (ran === 0) return `还没有写入收到 OK，${stress("没有什么可丢")}。`;
  return `${count(ran)}次写入已执行，${stress("还没有告诉任何客户端")}。`;
}

function booting(snapshot: Snapshot): string {
  const done = snapshot.fact.kind === "boot-command" ? snapshot.fact.command : 0;
  const half = done === 0 ? "还不能提供服务" : `已恢复${count(done)}条命令`;
  return `服务器正在读日志，${stress(half)}。`;
}

function afterCrash(snapshot: Snapshot): string {
  const crash = snapshot.crash;
  if (!crash) return "";
  const { least, of } = survivors(snapshot);
  const names = keptNames(snapshot);
  const saved = savedWrites(least, of, names, crash);
  if (crash.kind === "halted") return `服务器自己停了，${stress(saved)}。`;
  if (crash.kind === "killed") return `进程被杀掉了，${stress(saved)}。`;
  if (crash.images === 1 && !crash.moreThan) return `断电了，${stress(saved)}。`;
  const ways = grouped(crash.images);
  return `磁盘现在可能有 ${ways} 种${crash.moreThan ? "以上的" : ""}样子，${stress(saved)}。`;
}

function savedWrites(least: number, of: number, names: string[], crash: CrashView): string {
  if (of === 0) return "没有写入收到过 OK";
  const many = crash.images > 1;
  const all = crash.moreThan ? "看过的每一种里" : "每一种里";
  const name = least === 1 && names.length === 1 ? names[0] : undefined;
  if (least === of) {
    const each = many ? all : "";
    return of === 1 ? `${each}${name ?? "那次写入"} 还在` : `${each}${count(of)}次写入都在`;
  }
  if (least === 0)
    return many ? "没有一次写入在每一种里都有" : `${of === 1 ? "那" : count(of)}次写入都不在了`;
  if (many)
    return name ? `${all}都有 ${name}` : `${count(of)}次写入中有${count(least)}次${all}都有`;
  return `${count(of)}次写入还在${count(least)}次`;
}

// 说明：谁做的，哪个调用，多少字节去了哪里。

export function caption(snapshot: Snapshot, brief = false): string {
  const fact = snapshot.fact;
  switch (fact.kind) {
    case "start":
      return `服务器已启动，日志已打开。输入一次写入，例如 ${code("SET a 1")}。`;
    case "connected":
      return `客户端 ${fact.client} 连上了服务器，还没有发来命令。`;
    case "command":
      return late.zh?.command(fact, snapshot) ?? command(snapshot, fact);
    case "malformed":
      return `客户端 ${fact.client} 发来的字节不是命令，服务器回复错误并断开。`;
    case "closed":
      return closed(fact);
    case "write":
      return write(fact);
    case "sync-start":
      return syncStart(snapshot, fact);
    case "sync-end":
    case "sync-inline":
      return syncEnd(snapshot, fact);
    case "reply":
      return reply(snapshot, fact, brief);
    case "note":
      return note(fact.note, snapshot);
    case "rewrite":
      return late.zh?.caption(fact.rewrite, snapshot) ?? "";
    case "truncate":
      return fact.result.ok
        ? `${code("ftruncate")} 把文件截回 ${bytes(fact.toBytes)}，不留下半条命令。`
        : `${code("ftruncate")} 报 ${code(fact.result.errno.name)}，没能截回 ${bytes(fact.toBytes)}。`;
    case "close-file":
      return "服务器关闭了 AOF 文件；关闭不等于刷盘。";
    case "read":
      return `${code("DEBUG LOADAOF")} 从第 ${fact.from} 字节起读回 ${bytes(fact.to - fact.from)}。`;
    case "pause":
      return `客户端 ${fact.client} 积压的回复太多，服务器暂停读它的命令。`;
    case "resume":
      return `服务器恢复读取客户端 ${fact.client} 的命令。`;
    case "sleep":
      return `服务器睡眠 ${time(fact.micros)}，期间不响应任何人。`;
    case "gathering":
      return `下一次刷盘先等更多客户端来共用，最晚等到 ${time(fact.untilUs)}：刷一次盘比服务完他们还慢。`;
    case "writeback":
      return `内核自己把第 ${fact.from} 到 ${fact.to} 字节写到磁盘，没有人要求刷盘。`;
    case "fault":
      return fault(fact);
    case "halt":
      return halt(fact);
    case "killed":
      return killed(snapshot);
    case "power-cut":
      return powerCut(snapshot, fact);
    default:
      return boot(fact);
  }
}

function command(snapshot: Snapshot, fact: Extract<StepFact, { kind: "command" }>): string {
  const said = code(spoken(fact.words, 20));
  const name = code(spokenText(fact.words[0]?.toUpperCase(), 14));
  if (fact.replyIsError && fact.bytes === 0) {
    return `服务器对 ${said} 回复错误；数据没变，日志也没变。`;
  }
  if (isQueued(fact)) return `服务器把 ${said} 放进队列，等 ${code("EXEC")} 一起执行。`;
  if (fact.bytes === 0) {
    const turned = turns(fact);
    if (turned === "off") {
      return `${said} 关掉日志：已有的写完并刷盘，从此写入都不再记录。`;
    }
    if (turned === "on" && !isLogOn(snapshot)) {
      return `${said} 打开日志：先由一次重写做出第一份文件，在它写完之前，写入都不持久。`;
    }
    if (fact.words[0]?.toUpperCase() === "CONFIG") {
      return `服务器执行了 ${said}；${name} 从不记日志。`;
    }
    if (waitsForRewrite(snapshot)) {
      return `服务器执行了 ${said}；日志在等第一次重写，之前什么也不进日志。`;
    }
    return isLogOn(snapshot)
      ? `${name} 没有改动数据，所以不记日志。`
      : `服务器执行了 ${said}，但 AOF 已关闭，没有记日志。`;
  }
  if (fact.held) {
    return snapshot.policy === "always"
      ? `${said} 已执行；${code("always")} 之下，要等这 ${bytes(fact.bytes)}落盘才回复。`
      : `${said} 已执行；要等 ${code("write(2)")} 把这 ${bytes(fact.bytes)}交给内核才回复。`;
  }
  if (selectsFirst(snapshot, fact.from, fact.to)) {
    return `服务器执行了 ${said}；日志先选库，共 ${bytes(fact.bytes)}进了 ${code("aof_buf")}，只在内存里。`;
  }
  const logged = loggedAs(snapshot, fact);
  if (logged) {
    return `服务器执行了 ${said}，放进 ${code("aof_buf")} 的是结果 ${code(spoken(logged, 20))}，${bytes(fact.bytes)}，目前只在内存里。`;
  }
  if (fact.entries > 1) {
    return `服务器执行了 ${said}，把 ${fact.entries} 条命令共 ${bytes(fact.bytes)}放进 ${code("aof_buf")}。`;
  }
  return `服务器执行了 ${said}，把它的 ${bytes(fact.bytes)}放进 ${code("aof_buf")}，目前只在内存里。`;
}

function closed(fact: Extract<StepFact, { kind: "closed" }>): string {
  const who = `客户端 ${fact.client}`;
  switch (fact.reason) {
    case "quit":
      return `${who} 要求退出，服务器关闭了它的连接。`;
    case "protocol":
      return `${who} 协议出错，服务器关闭了它的连接。`;
    case "held-too-long":
      return `${who} 的回复扣得太久，回 OK 或回错误都不真实，服务器断开了它。`;
    case "output-limit":
      return `${who} 积压的回复太多，服务器断开了它。`;
    case "input-ended":
      return `${who} 不再发送，该得的回复都已送到，服务器关闭了它的连接。`;
    case "cross-protocol":
      return `${who} 发来的是 HTTP，服务器关闭了它的连接。`;
    case "killed":
      return `CLIENT KILL 关闭了${who} 的连接。`;
    case "peer":
      return `${who} 自己断开了。`;
  }
}

function write(fact: Extract<StepFact, { kind: "write" }>): string {
  const call = code("write(2)");
  if (!fact.result.ok) {
    return `${call} 报 ${code(fact.result.errno.name)}：内核没收下，${bytes(fact.bytes)}留在 ${code("aof_buf")}。`;
  }
  if (fact.result.bytes < fact.bytes) {
    return `${call} 只收下 ${bytes(fact.bytes)}中的 ${fact.result.bytes}，文件里最后一条命令断了。`;
  }
  return `${call} 把 ${bytes(fact.bytes)}交给内核。杀进程丢不了它们，断电还会。`;
}

function syncStart(snapshot: Snapshot, fact: Extract<StepFact, { kind: "sync-start" }>): string {
  const call = `刷盘线程对第 ${fact.from} 到 ${fact.to} 字节调用 ${code("fdatasync")}。`;
  if (snapshot.policy === "everysec") return `满一秒了，${call}`;
  if (snapshot.policy === "always") return `回复在等落盘，${call}`;
  return `有人要求刷盘，${call}`;
}

function syncEnd(
  snapshot: Snapshot,
  fact: Extract<StepFact, { kind: "sync-end" | "sync-inline" }>,
): string {
  const call = code("fdatasync");
  if (!fact.result.ok) {
    const after = snapshot.refusing ? "；新的写入被拒绝" : "";
    return `${call} 报 ${code(fact.result.errno.name)}：${bytes(fact.to - fact.from)}可能没了，内核不会再写它们${after}。`;
  }
  if (fact.to > snapshot.synced) {
    // 只有一个文件时，原因只能是一次失败的刷盘。
    if (snapshot.rewrite) return `${call} 返回，但有日志之名的文件还没有全部落盘。`;
    return `${call} 返回 0，但失败的刷盘丢掉的没有写：第 ${snapshot.synced} 字节之后不全在磁盘。`;
  }
  if (fact.kind === "sync-inline") {
    return `服务器自己调用 ${call}，等了 ${time(fact.tookUs)}：前 ${bytes(fact.to)}已在磁盘。`;
  }
  const names = isSafe(snapshot, fact.to) ? namedWrites(snapshot, fact.from, fact.to) : [];
  const start = `${call} 返回：前 ${bytes(fact.to)}已在磁盘`;
  if (names.length === 0) return `${start}。`;
  const who =
    names.length === 1
      ? `${code(names[0] ?? "")} `
      : names.length === 2
        ? `${code(names[0] ?? "")} 和 ${code(names[1] ?? "")} `
        : `又有${count(names.length)}次写入`;
  return `${start}，${who}断电也还在。`;
}

function reply(
  snapshot: Snapshot,
  fact: Extract<StepFact, { kind: "reply" }>,
  brief: boolean,
): string {
  const text = code(shortened(replyText(fact.texts[0] ?? ""), 16));
  const what = code(spokenText(fact.commands[0], 18));
  const many = fact.replies > 1;
  const said = many ? `服务器发出 ${fact.replies} 条回复` : `服务器对 ${what} 回复 ${text}`;
  const its = many ? `这 ${bytes(fact.bytes)}` : `它的 ${bytes(fact.bytes)}`;
  if (fact.inMemory > 0 && snapshot.postponed) {
    const subject = many
      ? `服务器已发出 ${fact.replies} 条回复`
      : `服务器已对 ${what} 回复 ${text}`;
    const limit = snapshot.postponed.limitUs;
    return (
      `${subject}，但这 ${bytes(fact.inMemory)}还在 ${code("aof_buf")} 里：上一次刷盘还没结束，` +
      `${code("write(2)")} ${limit === null || brief ? "被推迟" : `最多推迟 ${time(limit)}`}。`
    );
  }
  if (fact.bytes === 0) return `${said}；没有需要记进日志的。`;
  if (fact.inMemory > 0) return `${said}；${its}还在 ${code("aof_buf")}，杀进程会丢。`;
  // 刷盘已返回；漏掉的和排在它后面的，这里分不开。
  if (fact.inCache > 0 && fact.gate === "after-sync")
    return `${said}；到它为止没有全部落盘，断电可能丢这 ${bytes(fact.bytes)}。`;
  if (fact.inCache > 0) return `${said}；${its}在页缓存，还没落盘。`;
  if (isSafe(snapshot, answeredTo(snapshot)))
    return `${said}；${its}已落盘，杀进程、断电都还在。`;
  const name = undoneName(snapshot);
  return name?.disk == null
    ? `${said}；${its}已落盘，杀进程丢不了。`
    : `${said}；${its}已落在 inode ${name.now}，磁盘上名字还指向 ${name.disk}，断电可能丢。`;
}

function note(fact: NoteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "rewrite":
      return late.zh?.noteCaption(fact.rewrite, snapshot) ?? "";
    case "write-postponed": {
      const limit = snapshot.postponed?.limitUs ?? null;
      return `上一次刷盘还没结束，服务器把这 ${bytes(fact.waitingBytes)}的写入推迟${limit === null ? "" : `，最多 ${time(limit)}`}。`;
    }
    case "sync-too-slow":
      return `刷盘太慢，等了 ${fact.postponedMs} 毫秒，服务器照样写入；${code("aof_delayed_fsync")} 现为 ${fact.delayedFsync}。`;
    case "write-failed":
      return `服务器记下写入失败：${code(fact.errno.name)}，${fact.errno.text}。`;
    case "short-write":
      return `内核只收下 ${bytes(fact.expectedBytes)}中的 ${fact.writtenBytes}，服务器要截掉再写一次。`;
    case "truncate-failed":
      return `没能截掉写了一半的部分：${code(fact.errno.name)}；服务器接着往后写。`;
    case "write-recovered":
      return "磁盘又能写了，服务器恢复接受写入。";
    case "sync-failed":
      return `服务器记下刷盘报 ${code(fact.errno.name)}：第 ${fact.synced} 到 ${fact.upto} 字节可能没了。`;
    case "sync-recovered":
      return "后来的刷盘成功了，服务器恢复写入；上次失败丢了什么，它不知道。";
    case "keys-expired":
      return `${fact.keys} 个键到期，服务器删除它们，每个记一条 ${code("DEL")}。`;
    case "append-only-stopped":
      return "AOF 被关闭，从现在起不再记日志。";
    case "log-reloaded":
      return `${code("DEBUG LOADAOF")} 用 AOF 里的 ${fact.commands} 条命令重建了数据。`;
    case "log-not-reloaded":
      return `${code("DEBUG LOADAOF")} 没能载入 AOF（${fact.reason}），数据保持原样。`;
    case "config-rewrite-asked":
      return `${code("CONFIG REWRITE")} 要求把当前设置写进配置文件。`;
    case "config-rewritten":
      return "配置文件已写入当前设置。";
    case "config-not-rewritten":
      return `配置文件未能写入：${fact.errno.name}，它保持原样。`;
    case "policy-changed":
      return `${code("appendfsync")} 现为 ${code(snapshot.policy)}，由它决定何时刷盘。`;
    case "shutdown-requested":
      return "有人要求关闭服务器，它先把内存里剩下的写出去。";
    case "shutdown-sync":
      return "服务器退出前最后刷一次盘。";
    case "held-too-long":
      return `一条回复扣了 ${fact.heldMs} 毫秒，服务器放弃那个客户端：怎么回都不真实。`;
  }
}

function fault(fact: Extract<StepFact, { kind: "fault" }>): string {
  switch (fact.fault) {
    case "fail-next-sync":
      return `磁盘会让下一次刷盘失败，报 ${code("EIO")}；到那时才看得出来。`;
    case "stall-next-sync":
      return "磁盘变慢：下一次刷盘要远超过一秒。";
    case "fill-disk":
      return `磁盘满了，下一次写入会报 ${code("ENOSPC")}。`;
    case "free-disk":
      return "磁盘又有空间了，服务器下次写入时才知道。";
    case "short-write":
      return "内核只会收下下一次写入的一部分。";
  }
}

function halt(fact: Extract<StepFact, { kind: "halt" }>): string {
  const errno = fact.errno ? `（${code(fact.errno.name)}）` : "";
  switch (fact.reason) {
    case "write-failed":
      return `${code("always")} 之下写入失败${errno}，服务器以 ${fact.exitCode} 退出，不反悔已发的回复。`;
    case "sync-failed":
      return `${code("always")} 之下刷盘失败${errno}，服务器以 ${fact.exitCode} 退出：它没法守信了。`;
    case "shutdown":
      return `服务器正常关闭，退出码 ${fact.exitCode}。`;
  }
}

function killed(snapshot: Snapshot): string {
  const waiting = snapshot.appended - snapshot.written;
  const rest =
    waiting > 0 ? `${code("aof_buf")} 里的 ${bytes(waiting)}随之消失` : `${code("aof_buf")} 是空的`;
  return `${at(snapshot.timeUs)}，${code("kill -9")} 杀掉了进程：${rest}；内核手里的还在。`;
}

function crashFile(file: CrashFile): string {
  if (file.role === "missing") return "不存在的文件";
  const range =
    file.shortest === file.longest ? `${file.longest}` : `${file.shortest} 到 ${file.longest}`;
  return `${file.role === "new" ? "新" : "旧"}日志（inode ${file.inode ?? "?"}，${range} 字节）`;
}

function powerCut(snapshot: Snapshot, fact: Extract<StepFact, { kind: "power-cut" }>): string {
  const files = snapshot.crash?.files ?? [];
  if (files.length > 1) {
    return `${at(snapshot.timeUs)}断电。磁盘上的名字可能指向${files.map(crashFile).join("，或者")}。`;
  }
  const end = endBehindGap(snapshot, fact.synced);
  if (end !== null) {
    return `${at(snapshot.timeUs)}断电。磁盘上的文件止于 ${end}，第 ${fact.synced} 字节之后有缺口：刷盘失败时丢的没有写。`;
  }
  const were = fact.synced === 0 ? "什么也没刷盘" : `前 ${bytes(fact.synced)}已落盘`;
  const when = `${at(snapshot.timeUs)}断电。${were}；`;
  if (fact.written === fact.synced) return `${when}内核手里没有别的。`;
  const may = zhDisks[snapshot.diskModel].may;
  return `${when}第 ${fact.synced} 到 ${fact.written} 字节，${may}。`;
}

function boot(fact: StepFact): string {
  switch (fact.kind) {
    case "boot-open":
      return `服务器重新启动，打开 ${bytes(fact.imageBytes)}的文件。`;
    case "boot-command":
      return `加载器读到第 ${fact.command} 条命令（${fact.from} 到 ${fact.to} 字节），又执行了 ${code(spoken(fact.words, 18))}。`;
    case "boot-truncate":
      return bootTruncate(fact);
    case "boot-removed":
      return fact.removed
        ? `服务器删除了 ${code(fact.file)}：没写完的重写留下的，它从来不是日志。`
        : `服务器发现重写的 ${code(fact.file)}，没有动它：它的子进程可能还在。`;
    case "boot-sync":
      return "服务器先把加载的文件刷盘，再开始服务。";
    case "boot-sync-directory":
      return "服务器给目录刷盘，让文件名也落盘。";
    case "boot-refused":
      return `加载器拒绝了日志，服务器不启动：${shortened(fact.text, 60)}`;
    case "boot-ready":
      return `服务器就绪：${bytes(fact.bytes)}里的 ${fact.commands} 条命令，恢复出 ${fact.keys} 个键。`;
    default:
      return "";
  }
}

function bootTruncate(fact: Extract<StepFact, { kind: "boot-truncate" }>): string {
  const cut = `按 ${code("aof-load-truncated")} 把文件截回第 ${fact.validUpTo} 字节。`;
  if (fact.class === "zero-tail") return `加载器发现第 ${fact.validUpTo} 字节之后全是零，${cut}`;
  if (fact.class === "open-multi")
    return `加载器发现 ${code("MULTI")} 没有 ${code("EXEC")}，${cut}`;
  const of =
    fact.tornExpected === null
      ? bytes(fact.tornPresent)
      : `${fact.tornPresent}/${fact.tornExpected} 字节`;
  return `加载器只读到最后一条命令的 ${of}，${cut}`;
}

export { clock };
