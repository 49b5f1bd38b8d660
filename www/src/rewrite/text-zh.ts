import { selectsFirst, spoken, spokenText } from "../text/facts";
import { shortened } from "../text/format";
import type { RewriteText } from "../text/late.svelte";
import { code, stress } from "../text/markup";
import { bytes, time } from "../text/zh-caption";
import type {
  ChildExit,
  ErrnoView,
  RewriteFact,
  RewriteNoteFact,
  RewriteWork,
  Snapshot,
} from "../types";
import { ended, event, failed, mark, noteEvent, noteMark } from "./events-zh";
import { changedKey, hasFailed, hasNewName, insteadOf, isLive, isRenamed, isTheMatter, restOf, splitPages, isFromMemory, wasCalledOff, wroteSince } from "./moment";

type Fact<Name extends RewriteFact["name"]> = Extract<RewriteFact, { name: Name }>;

// 说明：谁做的，哪个调用，多少字节去了哪里。

function caption(fact: RewriteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "pipes":
      return fact.result.ok
        ? "父进程建了三条管道：一条给子进程送新的写入，两条传停止和确认。"
        : `${code("pipe(2)")} 报 ${code(failed(fact.result))}，重写没有开始，日志照旧。`;
    case "fork":
      return fact.result.ok
        ? `${code("fork(2)")} 产生子进程，${fact.pages} 页全部共享；它看到的数据集从此定格。`
        : `${code("fork(2)")} 报 ${code(failed(fact.result))}，没有子进程，也没有重写，日志照旧。`;
    case "send":
      return send(fact);
    case "writable":
      return "子进程腾出了数据管道，父进程可以接着送。";
    case "stop-asked":
      if (fact.byte !== "!") return `父进程从停止管道读到的不是 ${code("!")}，不理会。`;
      return `父进程从停止管道读到 ${code("!")}，不再发送；${bytes(fact.unsentBytes)}留在重写缓冲里，等子进程结束。`;
    case "report":
      return `父进程得知子进程写完 ${fact.keysDone}/${fact.keysTotal} 个键，已复制内存 ${bytes(fact.copiedBytes)}。`;
    case "reaped":
      return reaped(fact.exit);
    case "kill-child":
      return `父进程用 ${code("SIGUSR1")} 要求子进程 ${fact.child} 结束；它写的作废，旧日志继续用。`;
    case "child-killed":
      return `${code("kill -9")} 杀掉了子进程 ${fact.child}；它的文件作废，旧日志什么都有，继续用。`;
    case "work-start":
      return workStart(fact, snapshot);
    case "work-end":
      return fact.result.ok ? workEnd(fact, snapshot) : workFailed(fact.work, fact.result.errno, snapshot);
    case "close-pipes":
      return "父进程关掉三条管道中自己的一端；里面剩下的字节没了，也不需要了。";
    case "switched":
      return `从现在起，日志是 inode ${fact.newInode}，${bytes(fact.newBytes)}；inode ${fact.oldInode} 的 ${bytes(fact.oldBytes)}先开着，稍后在循环之外关闭。`;
    case "names-written-back":
      return "内核自己写出了目录：磁盘上的名字和内存里一样了。";
    default:
      return childCaption(fact, snapshot);
  }
}

function send(fact: Fact<"send">): string {
  if (fact.pipe === "ack") {
    return fact.result.ok
      ? `父进程往确认管道写了 ${code("!")}：数据管道里不会再有新的。`
      : `父进程写确认管道报 ${code(failed(fact.result))}，子进程会白等，然后失败。`;
  }
  if (!fact.result.ok) {
    return fact.result.errno.name === "EAGAIN"
      ? `数据管道放不下，${code("write(2)")} 一个字节也没收；${bytes(fact.leftBytes)}留在重写缓冲里。`
      : `写数据管道报 ${code(failed(fact.result))}；${bytes(fact.leftBytes)}留在重写缓冲里。`;
  }
  const left = fact.leftBytes === 0 ? "没有剩下的" : `还剩 ${bytes(fact.leftBytes)}`;
  return `父进程把重写缓冲里的 ${bytes(fact.result.bytes)}写进数据管道，${left}。`;
}

function reaped(exit: ChildExit): string {
  if ("code" in exit && exit.code === 0) {
    return `${code("serverCron")} 收走了以 0 退出的子进程。笔记里常说是信号处理函数，其实 Redis 在 cron 里查看退出。`;
  }
  return `${code("serverCron")} 收走了子进程，它${ended(exit)}；重写失败，旧日志完好。`;
}

function workStart(fact: Fact<"work-start">, snapshot: Snapshot): string {
  const who = fact.lane === "sync" ? "刷盘线程" : "后台线程";
  switch (fact.work.what) {
    case "open":
      return `${who}打开 ${code(fact.work.file)}，好让父进程补上剩下的。`;
    case "append":
      return `${who}把重写缓冲的 ${bytes(fact.work.bytes)}追加到新文件，父进程照常服务。`;
    case "sync":
      if (hasNewName(snapshot))
        return `${who}对新文件调用 ${code("fdatasync")}；它已经有了日志的名字，没人等它刷完。`;
      return snapshot.profile !== "hardened"
        ? `${who}对新文件调用 ${code("fdatasync")}；没人等它，它还没结束名字就会改。`
        : `${who}对新文件调用 ${code("fdatasync")}；改名之前，算数的是旧日志。`;
    case "rename":
      return `${who}调用 ${code("rename(2)")}；返回之前，${code(fact.work.to)} 是旧日志。`;
    case "sync-directory":
      return `${who}对目录调用 ${code("fsync")}，让新名字断电也还在。`;
    case "close":
      return `${who}关闭旧日志；最后一次关闭要释放磁盘块，可能很慢，没人等它。`;
    case "unlink":
      return `${who}删除 ${code(fact.work.file)}，以防这个名字还在。`;
  }
}

function workEnd(fact: Fact<"work-end">, snapshot: Snapshot): string {
  const { work } = fact;
  const waited = fact.lane === "inline" ? "；这期间没有服务任何人" : "";
  switch (work.what) {
    case "open":
      return `父进程打开了子进程写完的 ${code(work.file)}，准备补上剩下的。`;
    case "append":
      return `父进程手里剩下的 ${bytes(work.bytes)}也进了新文件${waited}。`;
    case "sync":
      return hasNewName(snapshot)
        ? `${code("fdatasync")} 返回：新文件已落盘。名字在那之前就改了，到现在为止末尾都可能不在。`
        : `${code("fdatasync")} 返回：新文件已落盘，名字还没改${waited}。`;
    case "rename":
      return renamed(work, snapshot);
    case "sync-directory":
      return `目录的 ${code("fsync")} 返回：磁盘上的名字也指向新文件了，回复可以发出。`;
    case "close":
      if (snapshot.directory.some((name) => name.diskInode === work.inode)) {
        return `inode ${work.inode} 已关闭：内存里没有名字指向它，磁盘上还有一个，直到目录被写回。`;
      }
      return work.freed
        ? `inode ${work.inode} 已关闭：没有名字、也没有描述符指向它，磁盘块释放了。`
        : `inode ${work.inode} 已关闭；还有名字指向它，字节都在。`;
    case "unlink":
      return snapshot.rewrite?.stage === "failed"
        ? `${code(work.file)} 已从目录里删除。`
        : `${code(work.file)} 早已不在：改名用掉了它；重写失败才会留下。`;
  }
}

function renamed(work: Extract<RewriteWork, { what: "rename" }>, snapshot: Snapshot): string {
  const name = snapshot.directory.find((entry) => entry.name === work.to);
  const now = name?.cachedInode ?? work.newInode;
  const disk = name ? name.diskInode : work.oldInode;
  const start = `${code("rename(2)")} 让缓存目录里的 ${code(work.to)} 指向 inode ${now ?? "?"}`;
  if (disk === now) return `${start}，磁盘上也是。`;
  return `${start}；磁盘上${disk === null ? "还没有" : `仍是 ${disk}`}。`;
}

function workFailed(work: RewriteWork, errno: ErrnoView, snapshot: Snapshot): string {
  const name = code(errno.name);
  switch (work.what) {
    case "open":
      return `打开 ${code(work.file)} 报 ${name}；放弃重写，旧日志完好。`;
    case "append":
      return `往新文件追加 ${bytes(work.bytes)}报 ${name}；放弃重写，旧日志完好。`;
    case "sync":
      if (hasNewName(snapshot))
        return `新文件的 ${code("fdatasync")} 报 ${name}，但它已经有了日志的名字；断电后末尾可能缺失。`;
      return `新文件的 ${code("fdatasync")} 报 ${name}，它不能当日志；旧日志完好。`;
    case "rename":
      return `${code("rename(2)")} 报 ${name}；${code(work.to)} 仍是旧日志，它完好。`;
    case "sync-directory":
      return `目录的 ${code("fsync")} 报 ${name}：断电后是哪个日志说不准，稍后再试。`;
    case "close":
      return `关闭旧日志报 ${name}；没有什么依赖它。`;
    case "unlink":
      return `没能删除 ${code(work.file)}：${name}；下次启动时再删。`;
  }
}

function childCaption(fact: RewriteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "child-open":
      return fact.result.ok
        ? "子进程打开自己的文件。每条命令最多 64 个元素：加载时整条要放进客户端的输入缓冲。"
        : `子进程没能打开 ${code(fact.file)}：${code(failed(fact.result))}；它会以 1 退出。`;
    case "child-write":
      return childWrite(fact, snapshot);
    case "child-sync":
      return childSync(fact);
    case "child-read":
      if (!fact.result.ok) {
        return `子进程读数据管道报 ${code(failed(fact.result))}，会以 1 退出。`;
      }
      if (fact.ended) return "数据管道断了：父进程没了。子进程会以 1 退出。";
      return fact.bytes === 0
        ? `子进程看了数据管道，是空的；它手里有 ${bytes(fact.diffBytes)}的差异。`
        : `子进程从数据管道读到 ${bytes(fact.bytes)}；共 ${bytes(fact.diffBytes)}的差异先留在内存，最后追加。`;
    case "child-wait":
      return fact.readable
        ? "子进程等数据管道，等到了。"
        : `子进程等数据管道 ${time(fact.timeoutMs * 1_000)}，没有等到；等空 20 次就请父进程停止。`;
    case "child-stop":
      return stop(fact);
    case "child-ack":
      return ack(fact.answer);
    case "child-close":
      return "子进程关闭文件；关闭不是刷盘，它之前刷过了。";
    case "child-rename":
      return fact.result.ok
        ? `子进程把文件改名为 ${code(fact.to)}：表示写完整了，还不是日志。`
        : `子进程没能改名：${code(failed(fact.result))}；它会以 1 退出。`;
    case "child-unlink":
      return `子进程写不完，删除了 ${code(fact.file)}。`;
    case "child-report":
      return `子进程告诉父进程：写完 ${fact.keysDone}/${fact.keysTotal} 个键。`;
    case "child-exit":
      return `子进程${ended(fact.exit)}；父进程要到下一次 ${code("serverCron")} 才知道，每秒十次。`;
    default:
      return "";
  }
}

function childWrite(fact: Fact<"child-write">, snapshot: Snapshot): string {
  if (!fact.result.ok) {
    return `子进程没能写下 ${bytes(fact.bytes)}：${code(failed(fact.result))}；它放弃，旧日志完好。`;
  }
  if (fact.part === "diff") {
    return `子进程把父进程送来的 ${bytes(fact.result.bytes)}追加在从内存读出的内容之后。`;
  }
  const instead = insteadOf(snapshot, fact.commands);
  if (instead && fact.commandsTotal > 1) {
    return `子进程写下 ${fact.commandsTotal} 条命令，${bytes(fact.result.bytes)}；${code(spokenText(instead.becomes, 18))} 代替 ${instead.commands} 条命令的 ${bytes(instead.bytes)}。`;
  }
  if (instead) {
    return `子进程写下 ${code(spokenText(instead.becomes, 18))} 共 ${bytes(instead.newBytes)}，代替 ${instead.commands} 条命令的 ${bytes(instead.bytes)}。`;
  }
  const first = fact.commands[0];
  const what =
    fact.commandsTotal === 1 && first !== undefined
      ? code(spokenText(first, 18))
      : `${fact.commandsTotal} 条命令`;
  return `子进程写下 ${what}，共 ${bytes(fact.result.bytes)}；它只读内存，从不看旧日志。`;
}

function childSync(fact: Fact<"child-sync">): string {
  if (!fact.result.ok) {
    return `子进程的 ${code("fsync")} 报 ${code(failed(fact.result))}；它会以 1 退出，旧日志完好。`;
  }
  switch (fact.which) {
    case "incremental":
      return `子进程把写到这里的 ${bytes(fact.bytes)}刷盘，最后那次就短了。`;
    case "first":
      return `父进程还在送，子进程先把 ${bytes(fact.bytes)}刷盘，最后那次就短了。`;
    case "final":
      return `子进程再刷一次盘：全部 ${bytes(fact.bytes)}都在磁盘上了。`;
  }
}

function stop(fact: Fact<"child-stop">): string {
  if (!fact.result.ok) {
    return `子进程写停止管道报 ${code(failed(fact.result))}；它会以 1 退出。`;
  }
  const rest =
    fact.unsentBytes === 0
      ? "父进程手里没有剩下的。"
      : `父进程手里还有 ${bytes(fact.unsentBytes)}，稍后自己追加。`;
  return `子进程往停止管道写了 ${code("!")}：别再发了。${rest}`;
}

function ack(answer: Fact<"child-ack">["answer"]): string {
  switch (answer) {
    case "ack":
      return `子进程从确认管道读到 ${code("!")}：父进程停了，数据管道里现有的就是全部。`;
    case "other":
      return "子进程从确认管道读到别的字节，会以 1 退出。";
    case "timed-out":
      return "子进程等确认 5 秒没等到，会以 1 退出，旧日志继续用。";
    case "ended":
      return "确认管道断了：父进程没了。子进程会以 1 退出。";
    case "failed":
      return "子进程读不了确认管道，会以 1 退出。";
  }
}

// 服务器自己的日志。

function noteCaption(fact: RewriteNoteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "automatic":
      return `日志比上次重写大了 ${fact.growthPercent}%，${code("serverCron")} 自动开始重写。`;
    case "healing":
      return "刷盘失败过，磁盘上的日志是什么样谁也不知道；换一个新文件就好，重写自动开始。";
    case "started":
      return "子进程是进程而不是线程：fork 时的内存归它自己，父进程不必为它加锁。";
    case "stop-asked":
      return "服务器记下：子进程请求不再发送。";
    case "copied-on-write":
      return `服务器记下写时复制用掉的内存：${bytes(fact.copiedBytes)}。`;
    case "child-ended":
      return "code" in fact.exit && fact.exit.code === 0
        ? "服务器记下：子进程正常结束，剩下的由父进程来做。"
        : `服务器记下：子进程${ended(fact.exit)}；它的文件会删除，旧日志完好。`;
    case "diff-written":
      return `服务器记下：手里的 ${bytes(fact.bytes)}已进新文件，${snapshot.rewrite && isFromMemory(snapshot.rewrite) ? "它和内存说的一样" : "两个日志现在说的一样"}。`;
    case "gates-held":
      return "从现在起，在新文件成为日志之前不回复写入：每个回复都要对留下的文件成立。";
    case "directory-sync-failed":
      return `目录刷盘报 ${code(fact.errno.name)}；写入的回复先等着，${time(fact.retryMs * 1_000)}后再试。`;
    case "finished":
      return `重写完成：日志从 ${bytes(fact.oldBytes)}变成 ${fact.newBytes}，数据集一样。`;
    case "switch-took":
      return snapshot.profile !== "hardened"
        ? `切换用了 ${time(fact.micros)}，这期间事件循环没有服务任何人。`
        : `写入的回复等了 ${time(fact.micros)}；读取一直有回复。`;
    case "killing-child":
      return `服务器要求子进程 ${fact.child} 结束；有意结束的不算失败。`;
    case "diff-grows":
      return `重写缓冲已有 ${fact.blocks} 块，${bytes(fact.bytes)}；每十块记一行。`;
    case "diff-limit":
      return `重写缓冲到了上限 ${bytes(fact.bytes)}；放弃重写，日志照旧。`;
    case "backs-off":
      return `一次重写失败了，下一次自动重写要等 ${time(fact.retryMs * 1_000)}。`;
    case "turned-on":
      return `第一次重写完成，日志打开：${code("aof_state")} 是 ${code("AOF_ON")}，从此写入可以落盘。`;
    case "shutdown-refused":
      return "服务器不关闭：第一份日志还没写完，没有它数据集就没了。";
    default:
      return `${noteEvent(fact)}；旧日志完好，继续用。`;
  }
}

// 有子进程时，一条命令走两路。

function command(fact: Parameters<RewriteText["command"]>[0], snapshot: Snapshot): string | null {
  if (!isLive(snapshot) || fact.bytes === 0) return null;
  const waits = fact.held ? "，回复先等着" : "";
  const both = `${bytes(fact.bytes)}进 ${code("aof_buf")} 和重写缓冲`;
  const pages = splitPages(snapshot);
  if (fact.entries > 1 && selectsFirst(snapshot, fact.from, fact.to)) {
    return `${code(spoken(fact.words, 14))}：${bytes(fact.bytes)}进两个缓冲，又带上 ${code("SELECT")}，因为子进程那部分可能停在别的库${pages > 0 ? "；复制了一页" : ""}${waits}。`;
  }
  if (pages === 0) return `服务器执行了 ${code(spoken(fact.words, 18))}，${both}${waits}。`;
  const copied = `内核复制了${pages === 1 ? "一" : ` ${pages} `}页`;
  const changed = changedKey(snapshot, fact.words);
  if (!changed) return `父进程写了内存，${copied}，子进程看到的仍是旧的；${both}${waits}。`;
  const key = shortened(changed.key, 8);
  const sees =
    changed.frozen === null
      ? `子进程没有 ${code(key)}`
      : `子进程读到的仍是 ${code(`${key} = ${shortened(changed.frozen, 8)}`)}`;
  return `父进程改了 ${code(key)}，${copied}；${sees}。${both}${waits}。`;
}

function headline(snapshot: Snapshot): string | null {
  const view = snapshot.rewrite;
  if (!view || !isTheMatter(snapshot)) return null;
  const { before, after } = view;
  switch (view.stage) {
    case "failed":
      if (wasCalledOff(view)) return `重写取消了，${stress("旧日志完好，继续用")}。`;
      return `重写失败了，${stress("旧日志完好，继续用")}。`;
    case "limbo":
      return `目录没能刷盘，${stress("写入的回复先等着")}。`;
    case "done": {
      const file = view.files.find((file) => file.role === "new");
      if (isRenamed(snapshot)) return `名字在内存里改了，${stress("磁盘上还没有")}。`;
      return `日志现在是 ${bytes(file?.lengthBytes ?? snapshot.fileBytes)}，${stress(isFromMemory(view) ? "按内存写成" : "说的和旧的一样")}。`;
    }
    case "child":
      if (hasFailed(view)) {
        if (wasCalledOff(view)) return `子进程被要求结束，${stress("旧日志完好，继续用")}。`;
        const how = view.child.exit && "code" in view.child.exit ? "失败了" : "被杀了";
        return `子进程${how}，${stress("旧日志完好，继续用")}。`;
      }
      if (!view.child.alive) return `子进程做完了，${stress(`父进程还要补 ${bytes(restOf(view))}`)}。`;
      if (after && view.child.keysDone === view.child.keysTotal) {
        const rest = wroteSince(view)
          ? stress("新的写入照常到来")
          : stress("只读内存，不看旧日志");
        return after.bytes < before.bytes
          ? `日志从 ${bytes(before.bytes)}缩到 ${after.bytes}，${rest}。`
          : `数据集重新写成 ${bytes(after.bytes)}，${rest}。`;
      }
      return `子进程重新写下 ${before.keys} 个键，${stress("父进程照常服务")}。`;
    default:
      if (isRenamed(snapshot)) return `名字在内存里改了，${stress("磁盘上还没有")}。`;
      return `子进程做完了，${stress("父进程补上剩下的，再改名")}。`;
  }
}

export const zh: RewriteText = {
  event,
  mark,
  caption,
  noteEvent,
  noteMark,
  noteCaption,
  command,
  headline,
};
