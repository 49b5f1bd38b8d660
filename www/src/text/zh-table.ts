// The words of the tables, loaded with them.
import { bytes, time } from "./zh-caption";
import type { TableText } from "./text";

export const table: TableText = {
  caption: "舞台上的一切，用表格列出",
  log: "日志，每条命令一行",
  logColumns: [
    "编号",
    "从",
    "到",
    "命令",
    "字节",
    "来自",
    "单元",
    "客户端",
    "执行时刻",
    "已确认",
    "所在层",
    "崩溃之后",
  ],
  layers: "各层与边界",
  layerColumns: ["层", "从", "到", "字节", "命令数"],
  dataset: "数据集",
  datasetColumns: ["库", "键", "值", "类型", "剩余时间", "由哪条写入", "这一步变了"],
  verdict: "如果就停在这一步",
  verdictColumns: [
    "故障",
    "一定还在",
    "已确认",
    "可能",
    "丢失",
    "有风险的范围",
    "字节",
    "多久",
    "写入",
  ],
  clients: "客户端",
  clientColumns: ["客户端", "库", "命令", "回复", "状态", "步", "崩溃之后"],
  fields: "Redis 字段",
  fieldColumns: ["字段", "值", "上次改变于第几步"],
  functions: "笔记里的 Redis 函数",
  functionColumns: ["函数", "上次调用于第几步", "这一步在里面"],
  directory: "目录",
  directoryColumns: ["名字", "内存里的 inode", "磁盘上的 inode"],
  facts: "此刻",
  factColumns: ["事实", "值"],
  crash: "可能的磁盘",
  crashColumns: ["磁盘数", "最短", "最长", "保住的写入", "丢失的写入", "数据集", "承诺"],
  yes: "是",
  no: "否",
  none: "无",
  factNames: {
    state: "服务器",
    time: "模拟时间",
    step: "步",
    policy: "appendfsync",
    profile: "行为",
    model: "磁盘可能留下",
    digest: "状态摘要",
    appended: "已追加到",
    written: "已写入到",
    synced: "已落盘到",
    acknowledged: "已确认到",
    fileBytes: "文件大小",
    sync: "刷盘",
    postponed: "推迟的写入",
    refusing: "拒绝写入",
    faults: "故障",
    promise: "承诺",
    keyCount: "键数",
  },
  layerNames: { memory: "aof_buf", cache: "页缓存", disk: "磁盘" },
  state: (state) =>
    ({
      running: "运行中",
      booting: "正在加载日志",
      killed: "被杀",
      "power-lost": "断电",
      halted: "已停止",
      refused: "拒绝启动",
    })[state],
  origin: (origin) => (origin === "client" ? "客户端" : origin === "log" ? "日志" : "到期"),
  faults: (faults) => {
    const set = [];
    if (faults.failNextSync) set.push("下一次刷盘失败");
    if (faults.stallNextSync) set.push("下一次刷盘很慢");
    if (faults.diskFull) set.push("磁盘已满");
    return set.join("，") || "无";
  },
  postponed: (postponed) =>
    `${bytes(postponed.waitingBytes)}，自 ${(postponed.sinceUs / 1e6).toFixed(3)} 秒起` +
    (postponed.limitUs === null ? "" : `，最多 ${time(postponed.limitUs)}`),
};
