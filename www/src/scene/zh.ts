import { hasFailed } from "../rewrite/moment";
import { grouped, shortened, THIN } from "../text/format";
import { visible } from "../text/markup";
import type { SceneText } from "./text";
import type { RewriteView } from "./view";

const B = (value: number) => `${grouped(value)}${THIN}B`;
const ms = (micros: number) =>
  micros < 1_000
    ? `${micros}${THIN}µs`
    : `${(micros / 1_000).toFixed(micros < 10_000 ? 1 : 0)}${THIN}ms`;

const STAGES: Record<RewriteView["child"]["stage"], string> = {
  writing: "看到的是过去",
  "first-sync": "正在刷盘",
  draining: "读取差异",
  asking: "请求停止",
  "awaiting-ack": "等待确认",
  "final-read": "读最后的差异",
  appending: "追加差异",
  "final-sync": "正在刷盘",
  renaming: "改名",
  exited: "已退出",
};

function ended(view: RewriteView): string | null {
  const { exit, alive } = view.child;
  if (exit === null) return alive ? null : "已死亡";
  if ("signal" in exit) return `被信号 ${exit.signal} 杀掉`;
  return exit.code === 0 ? "退出码 0" : `失败，退出码 ${exit.code}`;
}

const PARENT_STAGES: Partial<Record<RewriteView["stage"], string>> = {
  opening: "打开新文件",
  "catching-up": "追加剩余",
  freezing: "暂停写日志",
  sealing: "新文件刷盘",
  renaming: "改名",
  "syncing-directory": "目录刷盘",
  limbo: "等待目录刷盘",
};

const WHERE = {
  memory: "在进程内存",
  pipe: "在管道里",
  child: "在子进程里",
  cache: "在页缓存，未刷盘",
  disk: "在磁盘",
};

export const zh: SceneText = {
  bytes: B,
  parent: "父进程",
  child: "子进程",
  parentStatus: (view, refuses) =>
    `pid ${view.parent.pid} · ${PARENT_STAGES[view.stage] ?? (refuses ? "拒绝写入" : "服务客户端")}`,
  childStatus: (view) => `pid ${view.child.pid} · ${ended(view) ?? STAGES[view.child.stage]}`,
  parentSpoken: (view, refuses) =>
    `父进程 ${view.parent.pid} ${refuses ? "拒绝写入" : "服务客户端"}，fork 之后改了 ${view.parent.changed} 个键；aof_buf 里有 ${B(view.parent.aofBufBytes)}。`,
  childSpoken: (view) =>
    `子进程 ${view.child.pid}，${ended(view) ?? STAGES[view.child.stage]}；已写 ${view.child.keysDone}/${view.child.keysTotal} 个键，` +
    `${view.child.commands} 条命令，${B(view.child.writtenBytes)}；收到差异 ${B(view.child.diffBytes)}。`,
  datasetNow: "现在的数据集",
  datasetFrozen: "定格在 fork 那一刻的数据集",
  datasetLost: "数据集随进程消失",
  changed: (count) => (count === 0 ? "fork 之后没有改动" : `fork 之后改了 ${grouped(count)} 个键`),
  held: (view) =>
    view.gatesHeld
      ? "回复暂缓"
      : view.stage !== "child" && view.loopBlockedUs > 0
        ? `事件循环阻塞 ${ms(view.loopBlockedUs)}`
        : null,
  written: (view) => {
    const { child } = view;
    const done = `${grouped(child.commands)} 条命令，${B(child.writtenBytes)}`;
    if (child.writtenBytes === 0 && child.commands > 0)
      return `已生成 ${grouped(child.commands)} 条命令，写出 ${B(0)}`;
    return child.keysDone < child.keysTotal
      ? `已写出：${done} · ${grouped(child.keysDone)}/${grouped(child.keysTotal)} 个键`
      : `已写出：${done}`;
  },
  noKeys: "没有键",
  moreKeys: (count) => `还有 ${grouped(count)} 个`,
  keyState: (state, owner) =>
    owner === "child"
      ? "父进程里已改变"
      : state === "added"
        ? "fork 之后新增"
        : state === "deleted"
          ? "fork 之后删除"
          : "fork 之后改变",
  aofBuf: (bytes) => (bytes === 0 ? "空：都已写往日志" : `${B(bytes)} 等待 write(2)`),
  aofBufShort: (bytes) => (bytes === 0 ? "空" : B(bytes)),
  twoWays: (first, last) =>
    first === last
      ? `写入 ${first} 走两条路：进旧日志，也给子进程。`
      : `写入 ${first} 到 ${last} 走两条路：进旧日志，也给子进程。`,
  oneWay: "日志关闭：写入只给子进程。",
  childFoot: (view) => {
    const { exit, stage } = view.child;
    if (exit !== null && "signal" in exit) return "它的文件作废，旧日志原样不动。";
    if (exit !== null && exit.code !== 0) return "重写失败，旧日志原样不动。";
    if (view.stage !== "child") return "父进程在 cron 里发现它已退出。";
    if (exit !== null || stage === "exited") return "父进程在下一次 cron 里发现它已退出。";
    return "客户端不必等它：共享的是内存，不是事件循环。";
  },

  buffer: "重写缓冲",
  bufferSub: (diff, brief) =>
    diff.waitingBytes === 0
      ? "没有待发的"
      : diff.stopSending && diff.waitingBytes > 0
        ? `剩 ${B(diff.waitingBytes)}，不再发送`
        : brief
          ? `待发 ${B(diff.waitingBytes)}`
          : `每块 ${B(diff.blockBytes)} · 待发 ${B(diff.waitingBytes)}`,
  bufferSpoken: (diff) =>
    `重写缓冲有 ${B(diff.waitingBytes)}，${diff.blocks.length} 块，每块 ${B(diff.blockBytes)}；已发 ${B(diff.sentBytes)}，释放 ${diff.freedBlocks} 块。` +
    (diff.stopSending ? "子进程已请求停止发送。" : ""),
  bufferEmpty: (sent, feeding) =>
    !feeding ? "空" : sent ? "空：全部已发" : "空：fork 之后没有写入",
  freedName: (count) => (count === 1 ? "第 1 块" : `第 1–${grouped(count)} 块`),
  freedState: (feeding) => (feeding ? "已发，释放" : "已释放"),
  moreBlocks: (count) => `${grouped(count)} 块`,
  blockName: (number) => `第 ${number + 1} 块，新的在前`,
  free: "空闲",
  sent: "已发",
  records: (count) => (count === 0 ? "其余" : `${grouped(count)} 次写入`),
  inMemory: (bytes) => `${B(bytes)} · 内存`,
  inPipe: (bytes) => `${B(bytes)} · 管道`,
  inChild: (bytes) => `${B(bytes)} · 子进程`,
  pieceSpoken: (run, where) =>
    `${run.twin === null ? "" : `${run.twin}：`}${run.text ?? (run.count > 0 ? `${run.count} 条记录` : "其余记录")}` +
    `${run.text !== null && run.count > 1 ? `，${run.count} 次` : ""}，${B(run.bytes)}，${WHERE[where]}`,
  diffReceived: "收到的差异",
  diffSub: (bytes, alive) => (bytes === 0 ? "" : alive ? `目前 ${B(bytes)}` : `共 ${B(bytes)}`),
  diffEmpty: "还没有",
  diffGone: "随进程消失",
  pipes: "管道",
  pipeName: (name) => (name === "data" ? "数据" : name === "stop" ? "停止" : "确认"),
  pipeTo: (to) => (to === "child" ? "到子进程" : "到父进程"),
  pipeEmpty: `空 · 0${THIN}B`,
  pipeFull: "满",
  pipeSpoken: (name, pipe, to) =>
    `${name === "data" ? "数据" : name === "stop" ? "停止" : "确认"}管道，${to === "child" ? "到子进程" : "到父进程"}：${B(pipe.bytes)}，容量 ${B(pipe.capacity)}。`,

  pages: "内存页",
  privatePages: (split, total) => `私有 ${grouped(split)}/${grouped(total)}`,
  pagesSpoken: (split, total, owned) =>
    owned
      ? `父进程写过的 ${split} 页已复制，共 ${total} 页，其余仍共享。`
      : "子进程已不在，所有页都归父进程。",
  notShared: "不再共享",
  pagesEach: (count) => `一格是 ${grouped(count)} 页`,
  owns: "拥有",

  killLine: "杀进程线",
  powerLine: "断电线",
  files: "文件",
  pageCache: "页缓存",
  notSynced: (bytes) => `${B(bytes)} 未刷盘`,
  allSynced: "没有待刷盘的",
  fileName: (name, inode) => (name === null ? `inode ${inode}` : `${name}，inode ${inode}`),
  noName: (inode) => `inode ${inode}`,
  fileBytes: (file) =>
    file.lengthBytes === 0
      ? `空，${B(0)}`
      : file.durableBytes >= file.lengthBytes
        ? `${B(file.lengthBytes)} · 已刷盘`
        : file.durableBytes === 0
          ? `${B(file.lengthBytes)} · 未刷盘`
          : `${B(file.lengthBytes)} · 刷到 ${grouped(file.durableBytes)}`,
  role: (role, file) => {
    switch (role) {
      case "counts":
        return "作数的日志";
      case "on-disk-still":
        return "磁盘上仍是它";
      case "once-synced":
        return "仅在内存里作数";
      case "not-yet":
        return "";
      case "open":
        return `没有名字，仍以 fd ${file.openDescriptor} 打开`;
      case "gone":
        return "没有名字，已在后台关闭";
    }
  },
  fileSpoken: (file, name, standing) =>
    `${name ?? "没有名字"}，inode ${file.inode}：${B(file.lengthBytes)}，其中 ${B(file.durableBytes)} 在磁盘${standing ? `；${standing}` : ""}。`,
  fileRecords: "文件里的记录，旧的在前",
  noOldLog: (view) =>
    view.before.bytes === 0 && view.stage !== "done"
      ? "没有旧日志：正在做第一份。"
      : "旧日志已不在：没有名字指向它，也已关闭。",
  noNewFile: (view) =>
    view.stage === "child" && view.child.alive ? "子进程还没有打开它的文件。" : "新文件已不在。",
  risk: (row) => `${B(row.riskBytes)} · ${grouped(row.lost + row.maybe)} 次写入`,

  beforeAfter: "重写前后",
  sizesTitle: (view) => {
    if (view.before.bytes === 0) {
      return view.cause === "turning-on"
        ? "fork 时没有日志。第一份："
        : "fork 时文件是空的。新文件：";
    }
    const first = view.redundant.find((row) => row.subject === "key");
    const became = hasFailed(view) || view.stage === "failed" ? "本可变成" : "变成";
    const what = !first
      ? zh.noneRedundant(view)
      : first.becomes === ""
        ? `${shortened(visible(first.key), 12)} 的 ${grouped(first.commands)} 条命令都不用了，键已不在。`
        : first.newCommands > 1
          ? `${shortened(visible(first.key), 12)} 的 ${grouped(first.commands)} 条命令${became} ${grouped(first.newCommands)} 条。`
          : `${grouped(first.commands)} 条命令${became} ${shortened(visible(first.becomes), 24)}。`;
    return `${what}fork 时，同一比例：`;
  },
  sizesBrief: (before, after) => `fork 时 ${B(before)}，重写后 ${B(after)}`,
  sizesSpoken: (view) =>
    `fork 时日志有 ${B(view.before.bytes)}，${view.before.commands} 条命令；` +
    (view.after
      ? `重写后 ${B(view.after.bytes)}，${view.after.commands} 条命令。`
      : `子进程目前写了 ${B(view.child.writtenBytes)}，${view.child.commands} 条命令。`),
  soFar: "（目前）",
  before: "fork 时",
  after: "重写后",
  noLogBefore: "之前没有日志。",
  commands: (count) => `${grouped(count)} 条命令`,
  redundant: "哪些是多余的",
  noneRedundant: ({ before, after }) => {
    if (!after) return "子进程读的是内存，不是旧日志。";
    return before.commands === after.commands && before.bytes === after.bytes
      ? "没有多余的命令：新文件说同样的话，条数一样多。"
      : `${grouped(before.commands)} 条命令变成 ${grouped(after.commands)} 条，按内存写成。`;
  },
  keyGone: "没有了，键已不在",
  rowName: (item) =>
    item.subject === "key"
      ? shortened(visible(item.key), 12)
      : item.subject === "dataset"
        ? "整个数据集"
        : item.subject === "frame"
          ? "SELECT、MULTI、EXEC"
          : `另外 ${grouped(item.keys)} 个键`,
  commandsAndBytes: (commands, bytes) => `${grouped(commands)} 条命令，${B(bytes)}`,
  unchanged: "不变",

  notYetThisLog: "重写不改变这些：\u0002改名之前，旧日志作数。\u0003",

  noLogYet: "还没有作数的日志：\u0002第一份写完才作数。\u0003",

  cachedTitle: "内核看到的目录",
  cachedSub: "页缓存 · open() 现在看到的",
  diskTitle: "磁盘上的目录",
  diskSub: "重启后会看到的",
  inodes: "inode：字节本身",
  inodesSub: (durable, files) => (!durable ? "没有全部落盘" : files > 1 ? "都已落盘" : "已落盘"),
  inode: (number) => `inode ${number}`,
  noSuchName: "没有这个名字",
  maybe: "可能",
  arrowCached: (turn) =>
    turn === "before" ? "open() 找到它" : turn === "moved" ? "rename 移动了它" : "已移动",
  arrowDisk: (turn, failed) =>
    turn === "before"
      ? "重启会找到它"
      : turn === "settled"
        ? "也已移动"
        : failed
          ? "刷盘失败"
          : "还没有移动",
  inodeWhat: (file, view) => {
    const of = (kind: "log" | "rewritten" | "diff") =>
      file.parts.filter((part) => part.kind === kind).reduce((sum, part) => sum + part.bytes, 0);
    if (file.role === "new") {
      const rest = of("log");
      const diff = of("diff");
      return (
        `新日志：重写 ${B(of("rewritten"))}` +
        (diff > 0 ? `，差异 ${B(diff)}` : "") +
        (rest > 0 ? `，之后 ${B(rest)}` : "")
      );
    }
    const since = Math.max(0, file.lengthBytes - view.before.bytes);
    return since > 0
      ? `旧日志：fork 时 ${B(file.lengthBytes - since)}，之后 ${B(since)}`
      : `旧日志：${B(file.lengthBytes)}，都在 fork 之前`;
  },
  inodeState: (file, role, view) => {
    const synced = file.durableBytes >= file.lengthBytes;
    if (role === "gone") return "没有名字指向它；已在后台关闭并释放";
    // 只有这期间扣住回复的服务器才会刷目录。
    if (file.role === "old" && role === "on-disk-still" && !view.gatesHeld)
      return file.openDescriptor === null
        ? "已关闭；磁盘上名字仍指向它"
        : `仍以 fd ${file.openDescriptor} 打开；磁盘上名字仍指向它`;
    if (file.role === "old" && role === "on-disk-still")
      return file.openDescriptor === null
        ? "保留到目录刷盘为止"
        : `保留着，仍以 fd ${file.openDescriptor} 打开，到目录刷盘为止`;
    if (file.role === "old" && role === "open")
      return `没有名字指向它；仍以 fd ${file.openDescriptor} 打开`;
    if (!synced) return `其中 ${B(file.lengthBytes - file.durableBytes)} 还没刷盘`;
    if (file.role === "old") return `${grouped(file.lengthBytes)} 字节都已刷盘`;
    if (role === "counts" && file.openDescriptor !== null)
      return `${grouped(file.lengthBytes)} 字节都已刷盘；以 fd ${file.openDescriptor} 打开`;
    return role === "not-yet" || !view.gatesHeld
      ? `${grouped(file.lengthBytes)} 字节都已刷盘`
      : `${grouped(file.lengthBytes)} 字节在改名前都已刷盘`;
  },
  directorySpoken: (title, entries) =>
    `${title}：` +
    entries
      .map((one) => `${one.name} ${one.inode === null ? "不存在" : `是 inode ${one.inode}`}`)
      .join("；") +
    "。",
  powerLost: "此刻断电",
  or: "或",
  oldLog: (inode) => `#${inode} · 旧日志`,
  newLog: (inode) => `#${inode} · 新日志`,
  recoversSame: (data) =>
    `恢复出同样的 ${grouped(data.keys)} 个键${data.text ? `：${data.text}。` : "。"}`,
  recoversDifferent: (old, fresh) =>
    `旧日志恢复 ${old ? grouped(old.keys) : 0} 个键，新日志恢复 ${fresh ? grouped(fresh.keys) : 0} 个键。`,
  recoversOne: (data) =>
    `恢复出 ${grouped(data.keys)} 个键${data.text ? `：${data.text}。` : "。"}`,
  onlyThis: "找不到别的日志。",
  recoversNothing: "没有可以恢复的日志。",
  kept: (row) => `${grouped(row.of)} 个中保住 ${grouped(row.sure)} 个`,
  keptWhen: (rows) => {
    const same = rows.killed.sure === rows.power.sure && rows.power.sure === rows.diskError.sure;
    return same
      ? "杀进程、断电或磁盘出错都一样"
      : `断电；杀进程 ${grouped(rows.killed.sure)} 个，磁盘出错 ${grouped(rows.diskError.sure)} 个`;
  },
};
