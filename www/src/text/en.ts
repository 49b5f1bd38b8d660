import type { VerdictRow } from "../types";
import { enDisks } from "./disks";
import { bytes, caption, headline, plural, time } from "./en-caption";
import { event, mark, note } from "./en-event";
import { clock, grouped, shortened, THIN } from "./format";
import type { Text } from "./text";

const B = (value: number) => `${grouped(value)}${THIN}B`;

function risk(row: VerdictRow): string {
  return `${plural(row.lost + row.maybe, "write")} · ${B(row.riskBytes)} · ${time(row.riskUs)}`;
}

/** Why something cannot be done now, by the word that the snapshot has for it. */
const REASONS: Record<string, string> = {
  booting: "the server is loading its log",
  killed: "the process is dead",
  "power-lost": "there is no power",
  halted: "the server has halted",
  refused: "the server did not start",
  "too-many-steps": "this branch is full",
  "not-crashed": "nothing has failed",
  "at-end": "nothing more will happen",
  "at-start": "nothing came before",
  "no-child": "no child is running",
  "not-here": "MONITOR is for other terminals: this page shows every command as it runs",
};

export const en: Text = {
  tag: "en",
  title: "AOF Lab",
  lessonLabel: "Lesson",
  lessonName: (lesson) =>
    ({
      "first-visit": "First look",
      rewrite: "The rewrite",
      rename: "The rename",
      "postponed-write": "The put-off write",
      "rename-before-residual": "The rename before the rest",
      "rename-before-sync": "The rename before the sync",
      "lost-rename": "The name that comes back",
      "always-during-rewrite": "always, but not now",
      "forgotten-sync": "The forgotten sync",
      "ignored-sync": "The ignored sync",
      "half-transaction": "Half a transaction",
      "torn-transaction": "The torn transaction",
      "silent-zeros": "Zeros in a value",
    })[lesson],
  holes: "Known holes of Redis",
  sceneLabel: "Show",
  sceneOffer: "See the two processes",
  sceneName: (scene) =>
    scene === "log" ? "the log" : scene === "rewrite" ? "two processes" : "names and files",
  loading: "Starting the engine.",
  skip: "Skip to the stage",

  policyLabel: "appendfsync",
  profileLabel: "Behaves like",
  profileName: (profile) =>
    ({ "redis-6.2": "Redis 6.2", "redis-3.0": "Redis 3.0", hardened: "hardened" })[profile],
  diskLabel: "Disk may keep",
  diskName: (model) => enDisks[model].name,
  diskMeaning: (model) => enDisks[model].meaning,
  tiles: "The log, one tile a command",
  tableView: "Table view",
  stageView: "Stage view",
  otherLanguage: "中文",
  theme: "Theme",
  themeName: (theme) => (theme === "system" ? "Auto" : theme === "light" ? "Light" : "Dark"),
  motion: "Motion",
  motionName: (on) => (on ? "On" : "Off"),
  menu: "Menu",
  files: "Files",
  openFile: "Open a log or a trace",
  saveLog: "Save the log file",
  lookAtLog: "Look at the bytes of the log",
  saveRun: "Save this run as a trace",
  settings: "Settings",

  headline,

  client: "Client",
  clientNumber: (id) => `Client ${id}`,
  commandState: (state) =>
    state === "held" ? "no reply yet" : state === "answered" ? "answered" : "no answer",
  fate: (fate) =>
    fate === "kept" ? "kept" : fate === "maybe" ? "maybe" : fate === "lost" ? "lost" : "mem",
  promptLabel: "Command",
  promptExample: "SET e 5",
  promptHint: "Enter runs it. Try SADD s a b c, then SPOP s: the log holds the effect.",
  moreElements: (count) => `${count} more`,
  promptEmptyHint: "Type a write, such as SET a 1.",
  run: "Run",
  completions: (words) => `Tab completes: ${words}`,
  connectionLost: (answered) =>
    answered === 0
      ? "Connection lost."
      : `Connection lost after ${plural(answered, "reply", "replies")}.`,
  earlier: (count) => `${plural(count, "earlier command")}`,
  refusing: (refusing) => {
    const held = refusing.heldBytes > 0 ? ` ${B(refusing.heldBytes)} held back.` : "";
    const until =
      refusing.endsWhen === "space-returns"
        ? "until the disk has space"
        : refusing.endsWhen === "next-sync"
          ? "until something else reaches the log and its sync succeeds"
          : refusing.endsWhen === "rewrite"
            ? "until a rewrite has made a fresh log"
            : "until the directory can be synced";
    return `Writes are refused (${refusing.errno.name}) ${until}.${held} Reads still work.`;
  },
  breakTitle: "Break something, now",
  breakers: {
    kill: "Kill the process",
    child: "Kill the child",
    power: "Cut the power",
    sync: "Fail the next sync",
    disk: "Fill the disk",
    free: "Free the disk",
  },
  armed: "will happen at the next sync",
  fieldsTitle: "Redis fields",
  fieldsAll: (count) => `All ${count} fields`,
  fieldChanged: "changed at this step",
  atStep: (step) => `step ${step}`,
  goToChange: (name, step) => `${name} changed at step ${step}: go there`,
  functionsTitle: "Redis functions",
  goToCall: (name, step) => `${name} was last called at step ${step}: go there`,
  functionsAll: (count) => `All ${count} functions`,
  inFunction: "this step is in it",

  stage: "Stage",
  stageKeys: "Arrow keys step, Home and End jump, the space bar plays.",
  dataset: "dataset",
  datasetSub: (keys) => `${plural(keys, "key")}, in memory`,
  bufferSub: (value) => (value === 0 ? "empty" : `${B(value)} waiting`),
  bufferSubPhone: (value) => (value === 0 ? "empty" : `${B(value)} in process memory`),
  cache: "page cache",
  cacheSub: (value) => (value === 0 ? "all synced" : `${B(value)} not synced`),
  cacheSubPhone: (value, syncing) =>
    value === 0 ? "all synced" : `${B(value)} in the kernel${syncing ? ", syncing" : ""}`,
  disk: "disk",
  diskSub: (value) => `${B(value)} durable`,
  killLine: "kill line",
  powerLine: "power line",
  killedHere: "killed here",
  haltedHere: "halted here",
  powerLostHere: "power lost here",
  erased: "erased",
  whatIsLeft: "what is left",
  handedOver: "the kernel keeps it",
  originNote: (origin) =>
    origin === "log" ? "added by the log" : origin === "expiry" ? "its time had come" : "",
  waiting: "no reply yet",
  headFate: (fate, reply) => `${reply ? reply + ", " : ""}${en.fate(fate)}`,
  layerTag: (layer) => (layer === "memory" ? "mem" : layer === "disk" ? "disk" : "cache"),
  layerMeaning: (layer) =>
    layer === "memory"
      ? "in process memory"
      : layer === "cache"
        ? "in the page cache"
        : layer === "syncing"
          ? "in the page cache, syncing"
          : "on disk",
  writes: (count) => plural(count, "write"),
  run_: (count) => `×${count}`,
  syncing: "syncing",
  syncProgress: (sync) =>
    `fdatasync${sync.elapsedUs === 0 ? " just called" : `, ${time(sync.elapsedUs)} so far`}: bytes ${sync.from} to ${sync.to}`,
  directory: (name, cached, disk) =>
    cached === disk
      ? `directory: ${name} → inode ${disk ?? "none"}`
      : `directory: ${name} → inode ${cached ?? "none"} in memory, ${disk === null ? "no name" : `inode ${disk}`} on disk`,
  acknowledged: (position, short) => `acknowledged ${short ? "to" : "up to byte"} ${position}`,
  gap: (row, width) => {
    const full = `${B(row.riskBytes)} · ${plural(row.lost + row.maybe, "write")} · ${time(row.riskUs)}`;
    return width > full.length * 7.4 ? full : B(row.riskBytes);
  },
  gapSpoken: (failure, row) =>
    `${failure === "killed" ? "A kill" : "A power cut"} puts ${risk(row)} at risk.`,
  positionHint: "bytes of the log",

  verdictTitle: "If it stopped at this step",
  verdictName: (failure, short) =>
    failure === "killed"
      ? "Killed now"
      : failure === "power"
        ? short
          ? "Power lost"
          : "Power lost now"
        : short
          ? "Disk error"
          : "Disk error now",
  verdictKeyword: (failure) =>
    failure === "killed" ? "kill -9" : failure === "power" ? "power" : "EIO",
  verdictOf: (failure, row, short) => {
    if (failure === "killed") return `of ${row.of} survive`;
    if (failure === "power") return `of ${row.of} ${short ? "for sure" : "sure to survive"}`;
    return `of ${row.of} safe${row.maybe > 0 && !short ? `, ${row.maybe} in doubt` : ""}`;
  },
  verdictFoot: (failure, row, snapshot, short) => {
    if (failure === "diskError" && !short) {
      const then = snapshot.verdict.diskError.then;
      if (then === "goes-on") return "A failed sync goes unseen; writes go on";
      return then === "refuses-writes"
        ? "Server stays up and refuses new writes"
        : then === "halts"
          ? "Server halts rather than un-say a reply"
          : row.maybe > 0
            ? "Not all is on the disk, and no sync is due"
            : "Nothing waits for a sync";
    }
    if (row.lost + row.maybe === 0) return "All kept";
    if (short) {
      const keys = (fate: string) =>
        row.chips
          .filter((c) => c.fate === fate)
          .map((c) => c.label)
          .join(" ");
      const parts = [];
      if (row.maybe > 0) parts.push(`maybe: ${row.maybe > 3 ? row.maybe : keys("maybe")}`);
      if (row.lost > 0) parts.push(`lost: ${row.lost > 3 ? row.lost : keys("lost")}`);
      return parts.join(" · ");
    }
    if (row.maybe === 0) {
      const lost = row.chips.find((chip) => chip.fate === "lost");
      const what = row.lost === 1 && lost ? shortened(lost.command, 16) : plural(row.lost, "write");
      return `Lost: ${what} · ${B(row.riskBytes)} · ${time(row.riskUs)}`;
    }
    if (row.chips.length > 4) {
      const lost = row.lost > 0 ? `, ${row.lost} lost` : "";
      return `${row.maybe} maybe${lost} · ${B(row.riskBytes)} · ${time(row.riskUs)}`;
    }
    return `At risk: ${risk(row)}`;
  },
  nothingAcknowledged: "Nothing acknowledged yet",
  otherDisk: "Choose another disk",
  noServer: (state) => (state === "refused" ? "No server runs" : "Still loading the log"),

  transport: "Transport",
  stepBack: "Step back",
  play: "Play",
  pause: "Pause",
  step: "Step",
  scrubber: "Step of the run",
  stepOf: (step, count) => `Step ${step} of ${count}`,
  event,
  mark,
  note,
  stepsShown: (from, to) => `Steps ${from} to ${to}`,
  atRisk: "At risk",
  riskPower: "power lost",
  riskKilled: "killed",
  riskAt: (killed, power) => `at risk: ${plural(power, "write")} on power loss, ${killed} on kill`,
  branch: "Branch",
  branchName: (branch) => {
    if (branch.cause === "settings")
      return `${branch.id}: ${branch.policy}, ${en.profileName(branch.profile)}`;
    const why = {
      main: "first run",
      command: "another command",
      fault: "a fault",
      killed: "killed",
      "power-cut": "power cut",
      boot: "booted again",
      import: "imported",
    }[branch.cause];
    return branch.parent === null
      ? `${branch.id}: ${why}`
      : `${branch.id}: ${why} after step ${branch.fromStep}`;
  },
  because: (reason) => REASONS[reason] ?? reason,

  caption,

  noEngine: (reason) =>
    `The engine could not be started, so nothing can be shown: ${reason}. AOF Lab needs WebAssembly.`,
  pageError: (reason) => `Something on this page failed: ${reason}. Load the page again.`,
};

export { B, bytes, clock };
