// The words of the tables, loaded with them.
import { time } from "./en-caption";
import { clock, THIN } from "./format";
import type { TableText } from "./text";

export const table: TableText = {
  caption: "Everything on the stage, as tables",
  log: "The log, one row a command",
  logColumns: [
    "No.",
    "From",
    "To",
    "Command",
    "Bytes",
    "Made by",
    "Unit",
    "Client",
    "Run at",
    "Acknowledged",
    "Layer",
    "After the crash",
  ],
  layers: "Layers and frontiers",
  layerColumns: ["Layer", "From", "To", "Bytes", "Commands"],
  dataset: "Dataset",
  datasetColumns: ["Database", "Key", "Value", "Type", "Expires in", "Written by", "Changed now"],
  verdict: "If it stopped at this step",
  verdictColumns: [
    "Failure",
    "Sure",
    "Acknowledged",
    "Maybe",
    "Lost",
    "Range at risk",
    "Bytes",
    "Since",
    "Writes",
  ],
  clients: "Clients",
  clientColumns: ["Client", "Database", "Command", "Reply", "State", "Step", "After the crash"],
  fields: "Redis fields",
  fieldColumns: ["Field", "Value", "Last changed at step"],
  functions: "Functions of Redis that the notes name",
  functionColumns: ["Function", "Last called at step", "This step is in it"],
  directory: "Directory",
  directoryColumns: ["Name", "Inode in memory", "Inode on disk"],
  facts: "This moment",
  factColumns: ["Fact", "Value"],
  crash: "Possible disks",
  crashColumns: [
    "Disks",
    "Shortest",
    "Longest",
    "Writes kept",
    "Writes lost",
    "Dataset",
    "Promise",
  ],
  yes: "yes",
  no: "no",
  none: "none",
  factNames: {
    state: "Server",
    time: "Simulated time",
    step: "Step",
    policy: "appendfsync",
    profile: "Behaves like",
    model: "Disk may keep",
    digest: "State digest",
    appended: "Appended up to",
    written: "Written up to",
    synced: "Synced up to",
    acknowledged: "Acknowledged up to",
    fileBytes: "File size",
    sync: "Sync",
    postponed: "Write put off",
    refusing: "Refusing writes",
    faults: "Faults",
    promise: "Promise",
    keyCount: "Keys",
  },
  layerNames: { memory: "aof_buf", cache: "page cache", disk: "disk" },
  state: (state) =>
    ({
      running: "running",
      booting: "loading its log",
      killed: "killed",
      "power-lost": "power lost",
      halted: "halted",
      refused: "refused to start",
    })[state],
  origin: (origin) => (origin === "client" ? "client" : origin === "log" ? "the log" : "expiry"),
  faults: (faults) => {
    const set = [];
    if (faults.failNextSync) set.push("next sync fails");
    if (faults.stallNextSync) set.push("next sync stalls");
    if (faults.diskFull) set.push("disk full");
    return set.join(", ") || "none";
  },
  postponed: (postponed) =>
    `${postponed.waitingBytes}${THIN}B since ${clock(postponed.sinceUs)}` +
    (postponed.limitUs === null ? "" : `, at most ${time(postponed.limitUs)}`),
};
