import type { VerdictRow } from "../types";
import { zhDisks } from "./disks";
import { event, mark, note } from "./zh-event";
import { bytes, caption, headline, time } from "./zh-caption";
import { grouped, shortened, THIN } from "./format";
import type { Text } from "./text";

const B = (value: number) => `${grouped(value)}${THIN}B`;

function risk(row: VerdictRow): string {
  return `${row.lost + row.maybe} 次写入 · ${bytes(row.riskBytes)} · ${time(row.riskUs)}`;
}

/** Why something cannot be done now, by the word that the snapshot has for it. */
const REASONS: Record<string, string> = {
  booting: "服务器正在加载日志",
  killed: "进程已经没了",
  "power-lost": "没有电",
  halted: "服务器已停止",
  refused: "服务器没有启动",
  "too-many-steps": "这个分支满了",
  "not-crashed": "没有发生故障",
  "at-end": "之后不再发生什么",
  "at-start": "之前什么也没有",
  "no-child": "没有子进程在运行",
  "not-here": "MONITOR 用在别的终端里：本页已显示每条命令",
};

export const zh: Text = {
  tag: "zh-CN",
  title: "AOF Lab",
  lessonLabel: "课程",
  lessonName: (lesson) =>
    ({
      "first-visit": "初见",
      rewrite: "重写",
      rename: "改名",
      "postponed-write": "被推迟的写",
      "rename-before-residual": "改名早于余下的数据",
      "rename-before-sync": "改名早于刷盘",
      "lost-rename": "又回来的旧名字",
      "always-during-rewrite": "always 暂停了",
      "forgotten-sync": "被忘记的刷盘失败",
      "ignored-sync": "被忽略的刷盘失败",
      "half-transaction": "半个事务",
      "torn-transaction": "没有结尾的事务",
      "silent-zeros": "值里的零",
    })[lesson],
  holes: "Redis 已知的漏洞",
  sceneLabel: "看",
  sceneOffer: "看两个进程",
  sceneName: (scene) =>
    scene === "log" ? "日志" : scene === "rewrite" ? "两个进程" : "名字和文件",
  loading: "正在启动引擎。",
  skip: "跳到舞台",

  policyLabel: "appendfsync",
  profileLabel: "行为",
  profileName: (profile) =>
    ({ "redis-6.2": "Redis 6.2", "redis-3.0": "Redis 3.0", hardened: "加固版" })[profile],
  diskLabel: "磁盘可能留下",
  diskName: (model) => zhDisks[model].name,
  diskMeaning: (model) => zhDisks[model].meaning,
  tiles: "日志，每条命令一块",
  tableView: "表格视图",
  stageView: "舞台视图",
  otherLanguage: "English",
  theme: "主题",
  themeName: (theme) => (theme === "system" ? "自动" : theme === "light" ? "浅色" : "深色"),
  motion: "动画",
  motionName: (on) => (on ? "开" : "关"),
  menu: "菜单",
  files: "文件",
  openFile: "打开日志或录制",
  saveLog: "保存日志文件",
  lookAtLog: "看日志的字节",
  saveRun: "把这次运行存为录制",
  settings: "设置",

  headline,

  client: "客户端",
  clientNumber: (id) => `客户端 ${id}`,
  commandState: (state) =>
    state === "held" ? "还没回复" : state === "answered" ? "已回复" : "没有回复",
  fate: (fate) =>
    fate === "kept" ? "还在" : fate === "maybe" ? "可能" : fate === "lost" ? "丢失" : "内存",
  promptLabel: "命令",
  promptExample: "SET e 5",
  promptHint: "回车执行。试试 SADD s a b c，再 SPOP s：日志里是结果。",
  moreElements: (count) => `还有 ${count} 个`,
  promptEmptyHint: "输入一次写入，例如 SET a 1。",
  run: "执行",
  completions: (words) => `Tab 补全：${words}`,
  connectionLost: (answered) =>
    answered === 0 ? "连接断了。" : `收到 ${answered} 条回复后连接断了。`,
  earlier: (count) => `更早的 ${count} 条命令`,
  refusing: (refusing) => {
    const held = refusing.heldBytes > 0 ? `扣着 ${bytes(refusing.heldBytes)}；` : "";
    const until =
      refusing.endsWhen === "space-returns"
        ? "直到磁盘有空间"
        : refusing.endsWhen === "next-sync"
          ? "直到别的内容写进日志并刷盘成功"
          : refusing.endsWhen === "rewrite"
            ? "直到一次重写做出新的日志"
            : "直到目录能刷盘";
    return `写入被拒绝（${refusing.errno.name}），${until}；${held}读取照常。`;
  },
  breakTitle: "现在弄坏点什么",
  breakers: {
    kill: "杀掉进程",
    child: "杀掉子进程",
    power: "断电",
    sync: "让下一次刷盘失败",
    disk: "写满磁盘",
    free: "腾出磁盘",
  },
  armed: "下一次刷盘时发生",
  fieldsTitle: "Redis 字段",
  fieldsAll: (count) => `全部 ${count} 个字段`,
  fieldChanged: "这一步变了",
  atStep: (step) => `第 ${step} 步`,
  goToChange: (name, step) => `${name}，第 ${step} 步，在那里改变，去看`,
  functionsTitle: "Redis 函数",
  goToCall: (name, step) => `${name}，第 ${step} 步，上次调用，去看`,
  functionsAll: (count) => `全部 ${count} 个函数`,
  inFunction: "这一步在里面",

  stage: "舞台",
  stageKeys: "左右箭头走一步，Home 和 End 跳到两端，空格键播放。",
  dataset: "数据集",
  datasetSub: (keys) => `${keys} 个键，在内存里`,
  bufferSub: (value) => (value === 0 ? "空" : `${bytes(value)}在等`),
  bufferSubPhone: (value) => (value === 0 ? "空" : `${bytes(value)}，在进程内存`),
  cache: "页缓存",
  cacheSub: (value) => (value === 0 ? "全部已刷盘" : `${bytes(value)}未刷盘`),
  cacheSubPhone: (value, syncing) =>
    value === 0 ? "全部已刷盘" : `${bytes(value)}，在内核${syncing ? "，刷盘中" : ""}`,
  disk: "磁盘",
  diskSub: (value) => `${bytes(value)}已落盘`,
  killLine: "杀进程线",
  powerLine: "断电线",
  killedHere: "在这里被杀",
  haltedHere: "在这里停止",
  powerLostHere: "在这里断电",
  erased: "已清空",
  whatIsLeft: "剩下的",
  handedOver: "内核还留着",
  originNote: (origin) => (origin === "log" ? "日志自己加的" : origin === "expiry" ? "到期了" : ""),
  waiting: "还没回复",
  headFate: (fate, reply) => `${reply ? reply + "，" : ""}${zh.fate(fate)}`,
  layerTag: (layer) => (layer === "memory" ? "内存" : layer === "disk" ? "磁盘" : "缓存"),
  layerMeaning: (layer) =>
    layer === "memory"
      ? "在进程内存"
      : layer === "cache"
        ? "在页缓存"
        : layer === "syncing"
          ? "在页缓存，刷盘中"
          : "在磁盘",
  writes: (count) => `${count} 次写入`,
  run_: (count) => `×${count}`,
  syncing: "刷盘中",
  syncProgress: (sync) =>
    `fdatasync ${sync.elapsedUs === 0 ? "刚刚调用" : `已执行 ${time(sync.elapsedUs)}`}：第 ${sync.from} 到 ${sync.to} 字节`,
  directory: (name, cached, disk) =>
    cached === disk
      ? `目录：${name} → inode ${disk ?? "无"}`
      : `目录：${name} → 内存里 inode ${cached ?? "无"}，磁盘上${disk === null ? "没有名字" : ` inode ${disk}`}`,
  acknowledged: (position, short) => (short ? `确认到 ${position}` : `已确认到第 ${position} 字节`),
  gap: (row, width) => {
    const full = `${B(row.riskBytes)} · ${row.lost + row.maybe} 次写入 · ${time(row.riskUs)}`;
    return width > full.length * 9.5 ? full : B(row.riskBytes);
  },
  gapSpoken: (failure, row) => `${failure === "killed" ? "杀进程" : "断电"}有风险：${risk(row)}。`,
  positionHint: "日志的字节位置",

  verdictTitle: "如果就停在这一步",
  verdictName: (failure, short) =>
    failure === "killed"
      ? "现在杀进程"
      : failure === "power"
        ? "现在断电"
        : short
          ? "磁盘出错"
          : "现在磁盘出错",
  verdictKeyword: (failure) =>
    failure === "killed" ? "kill -9" : failure === "power" ? "power" : "EIO",
  verdictOf: (failure, row, short) => {
    if (failure === "killed") return `/ ${row.of} 次还在`;
    if (failure === "power") return `/ ${row.of} ${short ? "次一定在" : "次一定还在"}`;
    return `/ ${row.of} 次安全${row.maybe > 0 && !short ? `，${row.maybe} 次存疑` : ""}`;
  },
  verdictFoot: (failure, row, snapshot, short) => {
    if (failure === "diskError" && !short) {
      const then = snapshot.verdict.diskError.then;
      if (then === "goes-on") return "刷盘失败没人看，照常接受写入";
      return then === "refuses-writes"
        ? "服务器不退出，但拒绝新的写入"
        : then === "halts"
          ? "服务器停下，不反悔已发的回复"
          : row.maybe > 0
            ? "没有全部落盘，也没有要做的刷盘"
            : "没有要刷盘的";
    }
    if (row.lost + row.maybe === 0) return "全都还在";
    if (short) {
      const keys = (fate: string) =>
        row.chips
          .filter((c) => c.fate === fate)
          .map((c) => c.label)
          .join(" ");
      const parts = [];
      if (row.maybe > 0) parts.push(`可能：${row.maybe > 3 ? row.maybe : keys("maybe")}`);
      if (row.lost > 0) parts.push(`丢失：${row.lost > 3 ? row.lost : keys("lost")}`);
      return parts.join(" · ");
    }
    if (row.maybe === 0) {
      const lost = row.chips.find((chip) => chip.fate === "lost");
      const what = row.lost === 1 && lost ? shortened(lost.command, 16) : `${row.lost} 次写入`;
      return `丢失：${what} · ${bytes(row.riskBytes)} · ${time(row.riskUs)}`;
    }
    if (row.chips.length > 4) {
      const lost = row.lost > 0 ? `，${row.lost} 次丢失` : "";
      return `${row.maybe} 次可能${lost} · ${bytes(row.riskBytes)} · ${time(row.riskUs)}`;
    }
    return `有风险：${risk(row)}`;
  },
  nothingAcknowledged: "还没有写入收到确认",
  otherDisk: "换一块磁盘",
  noServer: (state) => (state === "refused" ? "没有服务器在运行" : "还在加载日志"),

  transport: "播放控制",
  stepBack: "上一步",
  play: "播放",
  pause: "暂停",
  step: "下一步",
  scrubber: "运行到哪一步",
  stepOf: (step, count) => `第 ${step} 步，共 ${count} 步`,
  event,
  mark,
  note,
  stepsShown: (from, to) => `第 ${from} 到 ${to} 步`,
  atRisk: "有风险",
  riskPower: "断电",
  riskKilled: "杀进程",
  riskAt: (killed, power) => `有风险：断电 ${power} 次写入，杀进程 ${killed} 次`,
  branch: "分支",
  branchName: (branch) => {
    if (branch.cause === "settings")
      return `${branch.id}：${branch.policy}，${zh.profileName(branch.profile)}`;
    const why = {
      main: "第一次运行",
      command: "另一条命令",
      fault: "故障",
      killed: "被杀",
      "power-cut": "断电",
      boot: "重新启动",
      import: "导入",
    }[branch.cause];
    return branch.parent === null
      ? `${branch.id}：${why}`
      : `${branch.id}：第 ${branch.fromStep} 步之后${why}`;
  },
  because: (reason) => REASONS[reason] ?? reason,

  caption,

  noEngine: (reason) => `引擎没能启动，所以什么也画不出来：${reason}。AOF Lab 需要 WebAssembly。`,
  pageError: (reason) => `页面出错了：${reason}。请重新加载。`,
};
