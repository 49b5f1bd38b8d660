import { hasFailed } from "../rewrite/moment";
import { grouped, shortened, THIN } from "../text/format";
import { visible } from "../text/markup";
import type { SceneText } from "./text";
import type { RewriteView } from "./view";

const B = (value: number) => `${grouped(value)}${THIN}B`;
const N = (count: number, one: string, many = `${one}s`) =>
  `${grouped(count)} ${count === 1 ? one : many}`;
const ms = (micros: number) =>
  micros < 1_000
    ? `${micros}${THIN}µs`
    : `${(micros / 1_000).toFixed(micros < 10_000 ? 1 : 0)}${THIN}ms`;

const STAGES: Record<RewriteView["child"]["stage"], string> = {
  writing: "sees the past",
  "first-sync": "syncs its file",
  draining: "reads the diff",
  asking: "asks for the end",
  "awaiting-ack": "waits for the ack",
  "final-read": "reads the last diff",
  appending: "appends the diff",
  "final-sync": "syncs its file",
  renaming: "renames its file",
  exited: "has exited",
};

function ended(view: RewriteView): string | null {
  const { exit, alive } = view.child;
  if (exit === null) return alive ? null : "dead";
  if ("signal" in exit) return `killed by signal ${exit.signal}`;
  return exit.code === 0 ? "exited with 0" : `failed, exit code ${exit.code}`;
}

const PARENT_STAGES: Partial<Record<RewriteView["stage"], string>> = {
  opening: "opens the new file",
  "catching-up": "appends the rest",
  freezing: "holds the log",
  sealing: "syncs the new file",
  renaming: "renames",
  "syncing-directory": "syncs the directory",
  limbo: "waits for the directory",
};

const WHERE = {
  memory: "in process memory",
  pipe: "in the pipe",
  child: "in the child",
  cache: "in the page cache, not synced",
  disk: "on disk",
};

export const en: SceneText = {
  bytes: B,
  parent: "Parent",
  child: "Child",
  parentStatus: (view, refuses) =>
    `pid ${view.parent.pid} · ${PARENT_STAGES[view.stage] ?? (refuses ? "refuses writes" : "serves clients")}`,
  childStatus: (view) => `pid ${view.child.pid} · ${ended(view) ?? STAGES[view.child.stage]}`,
  parentSpoken: (view, refuses) =>
    `The parent, process ${view.parent.pid}, ${refuses ? "refuses writes" : "serves clients"}; ` +
    `${N(view.parent.changed, "key")} changed since the fork. ${B(view.parent.aofBufBytes)} wait in aof_buf.`,
  childSpoken: (view) =>
    `The child, process ${view.child.pid}, ${ended(view) ?? STAGES[view.child.stage]}. ` +
    `It wrote ${view.child.keysDone} of ${N(view.child.keysTotal, "key")} ` +
    `as ${N(view.child.commands, "command")}, ${B(view.child.writtenBytes)}, ` +
    `and received ${B(view.child.diffBytes)} of the diff.`,
  datasetNow: "dataset now",
  datasetFrozen: "dataset frozen at the fork",
  datasetLost: "its dataset is gone with it",
  changed: (count) =>
    count === 0 ? "Nothing changed since the fork" : `${N(count, "key")} changed since the fork`,
  held: (view) =>
    view.gatesHeld
      ? "replies are held"
      : view.stage !== "child" && view.loopBlockedUs > 0
        ? `event loop blocked for ${ms(view.loopBlockedUs)}`
        : null,
  written: (view) => {
    const { child } = view;
    const done = `${N(child.commands, "command")}, ${B(child.writtenBytes)}`;
    if (child.writtenBytes === 0 && child.commands > 0)
      return `${N(child.commands, "command")} made, ${B(0)} written`;
    return child.keysDone < child.keysTotal
      ? `Written out: ${done} · ${grouped(child.keysDone)} of ${N(child.keysTotal, "key")}`
      : `Written out: ${done}`;
  },
  noKeys: "no keys",
  moreKeys: (count) => `${grouped(count)} more`,
  keyState: (state, owner) =>
    owner === "child"
      ? "changed in the parent since"
      : state === "added"
        ? "new since the fork"
        : state === "deleted"
          ? "deleted since the fork"
          : "changed since the fork",
  aofBuf: (bytes) =>
    bytes === 0 ? "empty: all of it has left for the log" : `${B(bytes)} wait for write(2)`,
  aofBufShort: (bytes) => (bytes === 0 ? "empty" : B(bytes)),
  twoWays: (first, last) =>
    first === last
      ? `Write ${first} goes two ways: into the old log, and to the child.`
      : `Writes ${first} to ${last} go two ways: into the old log, and to the child.`,
  oneWay: "The log is off: writes go only to the child.",
  childFoot: (view) => {
    const { exit, stage } = view.child;
    if (exit !== null && "signal" in exit)
      return "Its file is worth nothing; the old log stays as it was.";
    if (exit !== null && exit.code !== 0) return "The rewrite failed; the old log stays as it was.";
    if (view.stage !== "child") return "The parent noticed the exit in its cron.";
    if (exit !== null || stage === "exited")
      return "The parent will notice the exit in its next cron.";
    return "Clients never wait for it: it shares memory, not the event loop.";
  },

  buffer: "rewrite buffer",
  bufferSub: (diff, brief) =>
    diff.waitingBytes === 0
      ? "nothing left to send"
      : diff.stopSending && diff.waitingBytes > 0
        ? `${B(diff.waitingBytes)} left, no longer sent`
        : brief
          ? `${B(diff.waitingBytes)} left to send`
          : `blocks of ${B(diff.blockBytes)} · ${B(diff.waitingBytes)} left to send`,
  bufferSpoken: (diff) =>
    `The rewrite buffer holds ${B(diff.waitingBytes)} in ${N(diff.blocks.length, "block")} ` +
    `of ${B(diff.blockBytes)}; ${B(diff.sentBytes)} were sent, ${N(diff.freedBlocks, "block")} freed.` +
    (diff.stopSending ? " The child asked the parent to stop sending." : ""),
  bufferEmpty: (sent, feeding) =>
    !feeding ? "empty" : sent ? "empty: everything was sent" : "empty: no write since the fork",
  freedName: (count) => (count === 1 ? "block 1" : `blocks 1–${grouped(count)}`),
  freedState: (feeding) => (feeding ? "sent, freed" : "freed"),
  moreBlocks: (count) => N(count, "block"),
  blockName: (number) => `Block ${number + 1}, newest first`,
  free: "free",
  sent: "sent",
  records: (count) =>
    count === 0 ? "others" : count === 1 ? "1 write" : `${grouped(count)} writes`,
  inMemory: (bytes) => `${B(bytes)} · mem`,
  inPipe: (bytes) => `${B(bytes)} · pipe`,
  inChild: (bytes) => `${B(bytes)} · child`,
  pieceSpoken: (run, where) =>
    `${run.twin === null ? "" : `${run.twin}: `}${run.text ?? (run.count > 0 ? N(run.count, "record") : "other records")}` +
    `${run.text !== null && run.count > 1 ? `, ${run.count} times` : ""}, ${B(run.bytes)}, ${WHERE[where]}`,
  diffReceived: "diff received",
  diffSub: (bytes, alive) =>
    bytes === 0 ? "" : alive ? `${B(bytes)} so far` : `${B(bytes)} in all`,
  diffEmpty: "nothing yet",
  diffGone: "gone with the process",
  pipes: "Pipes",
  pipeName: (name) => name,
  pipeTo: (to) => `to the ${to}`,
  pipeEmpty: `empty · 0${THIN}B`,
  pipeFull: "full",
  pipeSpoken: (name, pipe, to) =>
    `The ${name} pipe, to the ${to}, holds ${B(pipe.bytes)} of ${B(pipe.capacity)}.`,

  pages: "Memory pages",
  privatePages: (split, total) => `private ${grouped(split)} of ${grouped(total)}`,
  pagesSpoken: (split, total, owned) =>
    owned
      ? `${split} of ${total} pages were copied because the parent wrote to them; the child shares the rest.`
      : "There is no child any more: every page belongs to the parent alone.",
  notShared: "no longer shared",
  pagesEach: (count) => `one cell is ${grouped(count)} pages`,
  owns: "owns",

  killLine: "kill line",
  powerLine: "power line",
  files: "Files",
  pageCache: "page cache",
  notSynced: (bytes) => `${B(bytes)} not synced`,
  allSynced: "nothing waits for a sync",
  fileName: (name, inode) => (name === null ? `inode ${inode}` : `${name}, inode ${inode}`),
  noName: (inode) => `inode ${inode}`,
  fileBytes: (file) =>
    file.lengthBytes === 0
      ? `empty, ${B(0)}`
      : file.durableBytes >= file.lengthBytes
        ? `${B(file.lengthBytes)} · synced`
        : file.durableBytes === 0
          ? `${B(file.lengthBytes)} · not synced`
          : `${B(file.lengthBytes)} · synced to ${grouped(file.durableBytes)}`,
  role: (role, file) => {
    switch (role) {
      case "counts":
        return "the log that counts";
      case "on-disk-still":
        return "still the log on disk";
      case "once-synced":
        return "the log, in memory only";
      case "not-yet":
        return "";
      case "open":
        return `no name, open as fd ${file.openDescriptor}`;
      case "gone":
        return "no name, closed in the background";
    }
  },
  fileSpoken: (file, name, standing) =>
    `${name ?? "No name"}, inode ${file.inode}: ${B(file.lengthBytes)}, of which ${B(file.durableBytes)} are on disk` +
    `${standing ? `; ${standing}` : ""}.`,
  fileRecords: "Records in the file, oldest first",
  noOldLog: (view) =>
    view.before.bytes === 0 && view.stage !== "done"
      ? "No old log: the first one is being made."
      : "The old log is gone: no name leads to it, and it is closed.",
  noNewFile: (view) =>
    view.stage === "child" && view.child.alive
      ? "The child has not opened its file yet."
      : "The new file is gone.",
  risk: (row) => `${B(row.riskBytes)} · ${N(row.lost + row.maybe, "write")}`,

  beforeAfter: "Before and after",
  sizesTitle: (view) => {
    if (view.before.bytes === 0) {
      return view.cause === "turning-on"
        ? "There was no log at the fork. The first one:"
        : "At the fork the file was empty. The new one:";
    }
    const first = view.redundant.find((row) => row.subject === "key");
    const became = hasFailed(view) || view.stage === "failed" ? "would have become" : "became";
    const what = !first
      ? en.noneRedundant(view)
      : first.becomes === ""
        ? `The ${N(first.commands, "command")} of ${shortened(visible(first.key), 12)} ${became} nothing: the key is gone.`
        : first.newCommands > 1
          ? `${N(first.commands, "command")} of ${shortened(visible(first.key), 12)} ${became} ${grouped(first.newCommands)}.`
          : `${N(first.commands, "command")} ${became} ${shortened(visible(first.becomes), 24)}.`;
    return `${what} At the fork, to one scale:`;
  },
  sizesBrief: (before, after) => `${B(before)} at the fork, ${B(after)} rewritten`,
  sizesSpoken: (view) =>
    `At the fork the log had ${B(view.before.bytes)} in ${N(view.before.commands, "command")}; ` +
    (view.after
      ? `rewritten it has ${B(view.after.bytes)} in ${N(view.after.commands, "command")}.`
      : `the child has written ${B(view.child.writtenBytes)} in ${N(view.child.commands, "command")} so far.`),
  soFar: "so far",
  before: "At the fork",
  after: "Rewritten",
  noLogBefore: "There was no log before.",
  commands: (count) => N(count, "command"),
  redundant: "What was redundant",
  noneRedundant: ({ before, after }) => {
    if (!after) return "The child reads memory, not the old log.";
    return before.commands === after.commands && before.bytes === after.bytes
      ? "No command was redundant: the new file says the same in as many."
      : `${N(before.commands, "command")} became ${grouped(after.commands)}, made from memory.`;
  },
  keyGone: "nothing: the key is gone",
  rowName: (item) =>
    item.subject === "key"
      ? shortened(visible(item.key), 12)
      : item.subject === "dataset"
        ? "the whole dataset"
        : item.subject === "frame"
          ? "SELECT, MULTI, EXEC"
          : item.keys === 1
            ? "the other key"
            : `${grouped(item.keys)} other keys`,
  commandsAndBytes: (commands, bytes) => `${N(commands, "command")}, ${B(bytes)}`,
  unchanged: "as before",

  notYetThisLog:
    "The rewrite changes none of this:\u0002until the rename, the old log counts.\u0003",

  noLogYet: "No log counts yet:\u0002the first one does once it is complete.\u0003",

  cachedTitle: "Directory, as the kernel shows it",
  cachedSub: "page cache · what open() sees now",
  diskTitle: "Directory, as the disk holds it",
  diskSub: "what a reboot would find",
  inodes: "Inodes: the bytes themselves",
  inodesSub: (durable, files) =>
    !durable ? "not all of it durable" : files > 1 ? "both durable" : "durable",
  inode: (number) => `inode ${number}`,
  noSuchName: "no such name",
  maybe: "maybe",
  arrowCached: (turn) =>
    turn === "before" ? "open() finds this" : turn === "moved" ? "rename moved this" : "moved",
  arrowDisk: (turn, failed) =>
    turn === "before"
      ? "a reboot finds this"
      : turn === "settled"
        ? "moved, too"
        : failed
          ? "its sync failed"
          : "has not moved yet",
  inodeWhat: (file, view) => {
    const of = (kind: "log" | "rewritten" | "diff") =>
      file.parts.filter((part) => part.kind === kind).reduce((sum, part) => sum + part.bytes, 0);
    if (file.role === "new") {
      const rest = of("log");
      const diff = of("diff");
      return (
        `New log: ${B(of("rewritten"))} rewritten` +
        (diff === 0 ? "" : rest > 0 ? `, ${B(diff)} diff` : `, then ${B(diff)} of the diff`) +
        (rest > 0 ? `, ${B(rest)} since` : "")
      );
    }
    const since = Math.max(0, file.lengthBytes - view.before.bytes);
    return since > 0
      ? `Old log: ${B(file.lengthBytes - since)} at the fork, then ${B(since)}`
      : `Old log: ${B(file.lengthBytes)}, all from before the fork`;
  },
  inodeState: (file, role, view) => {
    const synced = file.durableBytes >= file.lengthBytes;
    if (role === "gone") return "No name points here; closed in the background and freed";
    // Only a server that holds the replies meanwhile syncs the directory.
    if (file.role === "old" && role === "on-disk-still" && !view.gatesHeld)
      return file.openDescriptor === null
        ? "Closed; on disk the name still leads here"
        : `Open as fd ${file.openDescriptor}; on disk the name still leads here`;
    if (file.role === "old" && role === "on-disk-still")
      return file.openDescriptor === null
        ? "Kept until the directory is synced"
        : `Kept, open as fd ${file.openDescriptor}, until the directory is synced`;
    if (file.role === "old" && role === "open")
      return `No name points here; still open as fd ${file.openDescriptor}`;
    if (!synced) return `${B(file.lengthBytes - file.durableBytes)} of it not synced yet`;
    if (file.role === "old") return `All ${grouped(file.lengthBytes)} bytes synced`;
    if (role === "counts" && file.openDescriptor !== null)
      return `All ${grouped(file.lengthBytes)} bytes synced; open as fd ${file.openDescriptor}`;
    return role === "not-yet" || !view.gatesHeld
      ? `All ${grouped(file.lengthBytes)} bytes synced`
      : `All ${grouped(file.lengthBytes)} bytes synced before the rename`;
  },
  directorySpoken: (title, entries) =>
    `${title}: ` +
    entries
      .map(
        (one) => `${one.name} ${one.inode === null ? "does not exist" : `is inode ${one.inode}`}`,
      )
      .join("; ") +
    ".",
  powerLost: "Power lost now",
  or: "or",
  oldLog: (inode) => `#${inode} · old log`,
  newLog: (inode) => `#${inode} · new log`,
  recoversSame: (data) =>
    `Both recover the same ${N(data.keys, "key")}${data.text ? `: ${data.text}.` : "."}`,
  recoversDifferent: (old, fresh) =>
    `The old log recovers ${old ? N(old.keys, "key") : "nothing"}, the new one ${fresh ? N(fresh.keys, "key") : "nothing"}.`,
  recoversOne: (data) => `It recovers ${N(data.keys, "key")}${data.text ? `: ${data.text}.` : "."}`,
  onlyThis: "No other log can be found.",
  recoversNothing: "There is no log to recover from.",
  kept: (row) => `${grouped(row.sure)} of ${grouped(row.of)} kept`,
  keptWhen: (rows) => {
    const same = rows.killed.sure === rows.power.sure && rows.power.sure === rows.diskError.sure;
    return same
      ? "killed, power lost or disk error"
      : `power lost; killed ${grouped(rows.killed.sure)}, disk error ${grouped(rows.diskError.sure)}`;
  },
};
