// The contract between `Lab` and the page. Everything the page draws is in here; the page computes
// no persistence behaviour. Positions and lengths are bytes, times are microseconds of simulated
// time since the run began, steps count from 1 (0 is the moment before the first).

export type Policy = "always" | "everysec" | "no";
export type ProfileName = "hardened" | "redis-6.2" | "redis-3.0";
export type DiskModel =
  | "exact" | "any-prefix" | "ext4-ordered" | "zero-tail" | "any-subset" | "posix-minimal";
export type FaultName = "fail-next-sync" | "stall-next-sync" | "fill-disk" | "free-disk" | "short-write";

/** Known holes of Redis, each a run that stands where one failure is enough. */
export type HoleName = "postponed-write" | "rename-before-residual" | "rename-before-sync" | "lost-rename"
  | "always-during-rewrite" | "forgotten-sync" | "ignored-sync" | "half-transaction"
  | "torn-transaction" | "silent-zeros";
export type ScenarioName = "empty" | "first-visit" | "rewrite" | "rename" | HoleName;

/** What is left out is as the scenario wants it: a known hole has the settings that show it. */
export interface LabOptions {
  policy?: Policy;
  profile?: ProfileName;
  diskModel?: DiskModel;
  seed?: number;
  /** Defaults to "empty". The others are the lessons of the page; each opens at its own step. */
  scenario?: ScenarioName;
}

/** Thrown by every method: a JS `Error` whose `code` is one of these. */
export type LabErrorCode =
  | "bad-option" | "bad-command" | "no-such-step" | "no-such-branch" | "not-running" | "not-crashed"
  | "bad-aof" | "bad-trace" | "no-such-image" | "too-large" | "not-here";

export interface ErrnoView { number: number; name: string; text: string }
export type IoResult = { ok: true; bytes: number } | { ok: false; errno: ErrnoView };

/** What happened at one step. Captions are made from these facts by the page, in two languages. */
export type StepFact =
  | { kind: "start" }
  | { kind: "connected"; client: number }
  | { kind: "command"; client: number; words: string[]; entries: number; from: number; to: number;
      bytes: number; changed: boolean; replyText: string; replyIsError: boolean; held: boolean }
  | { kind: "malformed"; client: number; text: string }
  | { kind: "closed"; client: number; reason: "quit" | "protocol" | "held-too-long" | "output-limit" | "killed" | "input-ended" | "cross-protocol" | "peer" }
  | { kind: "write"; bytes: number; from: number; to: number; result: IoResult }
  | { kind: "sync-start"; from: number; to: number }
  | { kind: "sync-end"; from: number; to: number; tookUs: number; result: IoResult }
  | { kind: "sync-inline"; from: number; to: number; tookUs: number; result: IoResult }
  | { kind: "reply"; client: number; replies: number; gate: "free" | "after-write" | "after-sync";
      /** the commands these replies answer, oldest first, and their texts */
      commands: string[]; texts: string[];
      /** bytes of these commands that are still only in aof_buf / only in the page cache */
      inMemory: number; inCache: number; bytes: number }
  | { kind: "note"; note: NoteFact }
  | { kind: "rewrite"; rewrite: RewriteFact }
  | { kind: "truncate"; toBytes: number; result: IoResult }
  | { kind: "close-file" }
  | { kind: "read"; from: number; to: number }
  | { kind: "pause"; client: number } | { kind: "resume"; client: number }
  | { kind: "sleep"; micros: number }
  | { kind: "gathering"; untilUs: number }
  | { kind: "writeback"; from: number; to: number }
  | { kind: "fault"; fault: FaultName }
  | { kind: "halt"; reason: "write-failed" | "sync-failed" | "shutdown"; exitCode: number; errno: ErrnoView | null }
  | { kind: "killed" }
  | { kind: "power-cut"; synced: number; written: number; appended: number }
  | { kind: "boot-open"; imageBytes: number }
  | { kind: "boot-command"; command: number; words: string[]; from: number; to: number }
  | { kind: "boot-truncate"; validUpTo: number; fileBytes: number; class: "truncated" | "zero-tail" | "open-multi";
      /** of the torn command: bytes present and bytes it should have had, when known */
      tornPresent: number; tornExpected: number | null }
  /** what a rewrite had left behind; it stays while its child may live */
  | { kind: "boot-removed"; file: string; removed: boolean }
  | { kind: "boot-sync" } | { kind: "boot-sync-directory" }
  | { kind: "boot-refused"; class: string; at: number; text: string }
  | { kind: "boot-ready"; commands: number; keys: number; bytes: number };

export type NoteFact =
  | { name: "write-postponed"; waitingBytes: number }
  | { name: "sync-too-slow"; postponedMs: number; delayedFsync: number }
  | { name: "write-failed"; errno: ErrnoView }
  | { name: "short-write"; writtenBytes: number; expectedBytes: number }
  | { name: "truncate-failed"; errno: ErrnoView }
  | { name: "write-recovered" }
  | { name: "sync-failed"; errno: ErrnoView; synced: number; upto: number }
  | { name: "sync-recovered" }
  | { name: "keys-expired"; keys: number }
  | { name: "log-reloaded"; commands: number } | { name: "log-not-reloaded"; reason: string }
  | { name: "config-rewrite-asked" } | { name: "config-rewritten" }
  | { name: "config-not-rewritten"; errno: ErrnoView }
  | { name: "append-only-stopped" } | { name: "policy-changed" }
  | { name: "shutdown-requested" } | { name: "shutdown-sync" }
  | { name: "held-too-long"; heldMs: number }
  | { name: "rewrite"; rewrite: RewriteNoteFact };

/** What the server says about a rewrite in its own log. */
export type RewriteNoteFact =
  | { name: "automatic"; growthPercent: number }
  | { name: "healing" }
  | { name: "pipes-failed" | "fork-failed" | "ack-failed" | "open-failed" | "diff-failed" | "seal-failed" | "rename-failed" | "turn-on-failed";
      errno: ErrnoView }
  | { name: "started"; child: number }
  | { name: "stop-asked" }
  | { name: "copied-on-write"; copiedBytes: number }
  | { name: "child-ended"; child: number; exit: ChildExit }
  | { name: "diff-written"; bytes: number }
  | { name: "gates-held" }
  | { name: "directory-sync-failed"; errno: ErrnoView; retryMs: number }
  | { name: "finished"; oldBytes: number; newBytes: number }
  | { name: "switch-took"; micros: number }
  | { name: "killing-child"; child: number }
  | { name: "diff-grows"; blocks: number; bytes: number }
  | { name: "diff-limit"; bytes: number }
  | { name: "backs-off"; retryMs: number }
  | { name: "turned-on" }
  | { name: "shutdown-refused" };

/** One act of a rewrite. Those that begin with `child-` are the child's own; the others are the
 * parent's, or the kernel's on its behalf. */
export type RewriteFact =
  | { name: "pipes"; result: IoResult }
  | { name: "fork"; child: number; pages: number; tookUs: number; result: IoResult }
  /** the parent sends: the front of the rewrite buffer through `data`, or `!` through `ack` */
  | { name: "send"; pipe: PipeName; bytes: number; leftBytes: number; result: IoResult }
  | { name: "writable" }
  | { name: "stop-asked"; byte: string; unsentBytes: number }
  | { name: "report"; keysDone: number; keysTotal: number; copiedBytes: number }
  | { name: "reaped"; child: number; exit: ChildExit }
  /** the server asked it to end (SIGUSR1); somebody killed it (SIGKILL) */
  | { name: "kill-child" | "child-killed"; child: number }
  /** work beside the loop begins, and ends; what runs on the loop only ends */
  | { name: "work-start"; work: RewriteWork; lane: "sync" | "slow" }
  | { name: "work-end"; work: RewriteWork; lane: "inline" | "sync" | "slow"; tookUs: number; result: IoResult }
  | { name: "close-pipes" }
  /** the new file is the log: descriptor and size are swapped */
  | { name: "switched"; oldInode: number; newInode: number; oldBytes: number; newBytes: number }
  /** the kernel made changes of the directory durable by itself */
  | { name: "names-written-back" }
  | { name: "child-open"; file: string; result: IoResult }
  | { name: "child-write"; bytes: number; commands: string[]; commandsTotal: number; keysDone: number; keysTotal: number;
      part: "rewritten" | "diff"; result: IoResult }
  | { name: "child-sync"; which: "incremental" | "first" | "final"; bytes: number; tookUs: number; result: IoResult }
  | { name: "child-read"; bytes: number; diffBytes: number; ended: boolean; result: IoResult }
  | { name: "child-wait"; timeoutMs: number; readable: boolean }
  | { name: "child-stop"; unsentBytes: number; result: IoResult }
  | { name: "child-ack"; answer: "ack" | "other" | "timed-out" | "ended" | "failed" }
  | { name: "child-close" }
  | { name: "child-rename"; from: string; to: string; result: IoResult }
  | { name: "child-unlink"; file: string }
  | { name: "child-report"; keysDone: number; keysTotal: number }
  | { name: "child-exit"; exit: ChildExit };

export type PipeName = "data" | "stop" | "ack";
export type ChildExit = { code: number } | { signal: number };

export type RewriteWork =
  | { what: "open"; file: string }
  | { what: "append"; bytes: number }
  | { what: "sync"; bytes: number }
  | { what: "rename"; from: string; to: string; oldInode: number | null; newInode: number | null }
  | { what: "sync-directory" }
  | { what: "close"; inode: number; freed: boolean }
  | { what: "unlink"; file: string };

/** One mark of the scrubber. */
export interface StepMark {
  step: number;
  timeUs: number;
  fact: StepFact;
  /** acknowledged writes at risk at this step */
  riskKilled: number;
  riskPower: number;
}

export interface BranchView { id: number; parent: number | null; fromStep: number; steps: number; policy: Policy; profile: ProfileName;
  /** why it exists */
  cause: "main" | "command" | "fault" | "killed" | "power-cut" | "settings" | "boot" | "import" }

export interface Timeline {
  branch: number;
  step: number;
  /** every known step of this branch from 1 on, those after `step` are the future as it will run if nobody acts */
  marks: StepMark[];
  branches: BranchView[];
}

export type Layer = "memory" | "cache" | "syncing" | "disk";

/** One RESP command in the log: one tile. */
export interface LogEntry {
  index: number;
  from: number;
  to: number;
  words: string[];
  bytes: Uint8Array;
  /** "log": a SELECT, MULTI or EXEC that the engine added; "expiry": a DEL for a key whose time had come */
  origin: "client" | "log" | "expiry";
  /** execution unit it belongs to; a transaction is one unit */
  unit: number;
  client: number | null;
  key: string | null;
  executedAtUs: number;
  acknowledged: boolean;
  layer: Layer;
  /** after a crash: what the chosen disk model says */
  fate: "kept" | "maybe" | "lost" | null;
}

/** `value` is a string's text, or the first elements of anything else with brackets around them;
 * `more` counts the elements that it leaves out. */
export interface KeyView { db: number; key: string; kind: "string" | "list" | "hash" | "set" | "zset"; value: string; more: number; expiresInMs: number | null; entry: number | null; touched: boolean }

export interface ClientCommand { text: string; reply: string | null; isError: boolean; isWrite: boolean; step: number;
  state: "held" | "answered" | "lost-connection"; fate: "kept" | "maybe" | "lost" | null }
export interface ClientView { id: number; db: number; inMulti: boolean; commands: ClientCommand[]; connected: boolean; paused: boolean }

export type Fate = "kept" | "maybe" | "lost" | "memory";
export interface Chip { label: string; command: string; fate: Fate }
export interface VerdictRow {
  /** acknowledged writes that are sure to survive, of all acknowledged writes */
  sure: number; of: number;
  /** at most 8: all of them when there are few, else only those at risk */
  chips: Chip[];
  lost: number; maybe: number;
  riskBytes: number;
  /** log range at risk: the gap bar */
  riskFrom: number; riskTo: number;
  /** how long the oldest write at risk has been at risk */
  riskUs: number;
}
export interface Verdict { killed: VerdictRow; power: VerdictRow;
  diskError: VerdictRow & { /** what the server does next */ then: "refuses-writes" | "halts" | "goes-on" | "nothing-to-sync" } }

export interface SeedField { name: string; value: string; changedAtStep: number }

export interface DirectoryView { name: string; cachedInode: number | null; diskInode: number | null }

export interface CrashGroup { images: number;
  /** what `boot` takes to start from the longest image of this group */
  example: number; shortest: number; longest: number;
  /** the file that all of them are of; null when the name is gone */
  inode: number | null;
  dataset: KeyView[]; keptWrites: number; lostWrites: number;
  /** the loader refuses these images */
  refused: string | null; promiseKept: boolean }
/** A file to which the name of the log may lead after the failure. `entries` are the whole commands of the
 * longest, with their places in the file, equal ones in a row as one, at most 64. */
export interface CrashFile { inode: number | null;
  /** "only" when there is no other */
  role: "only" | "old" | "new" | "missing";
  images: number; shortest: number; longest: number;
  entries: { from: number; to: number; text: string; count: number }[] }
export interface CrashView {
  kind: "killed" | "power-cut" | "halted";
  model: DiskModel;
  images: number;
  /** true when enumeration stopped at the cap */
  moreThan: boolean;
  /** images of one file that recover the same */
  groups: CrashGroup[];
  /** worst first */
  files: CrashFile[];
  promise: { kept: boolean; atLeastUnits: number; atLeastUpTo: number; sinceUs: number | null };
  /** lengths of the disks that lose most and least */
  worst: number; best: number;
  worstInode: number | null; bestInode: number | null;
}

/** How the bytes of a file are looked at. */
export interface BytesLook {
  /** the file ends here */
  cut?: number | null;
  /** a place, and the bits that are flipped there */
  flips?: [number, number][];
  /** as the server has it when it is left out */
  loadTruncated?: boolean;
  windowFrom?: number;
  /** the dataset is the one after the commands that end here or before */
  until?: number | null;
}
/** The count, and the newest at most 8. */
export interface LedgerRow { count: number; newest: string[] }
export interface BytesView {
  inode: number | null;
  originalBytes: number; lengthBytes: number;
  /** what is in `bytes` and `entries`: so many from there on */
  windowFrom: number; windowBytes: number;
  bytes: Uint8Array;
  /** "cut": whole and not loaded, of a transaction without an end. "refused": whole, in a file that is not
   * loaded. "torn" and "broken" are no commands: the end that is cut off, and all that stands behind an error */
  entries: { from: number; to: number; text: string; state: "loaded" | "cut" | "refused" | "torn" | "broken" }[];
  commands: number;
  validUpTo: number;
  /** the class of what is wrong, and what it is */
  class: string | null; error: string | null;
  /** how much a start loads; null when it refuses, and why */
  loadedBytes: number | null; refused: string | null;
  dataset: KeyView[]; keyCount: number;
  /** writes that came back, are gone, came back as something else, or came back and were never acknowledged */
  ledger: { kept: LedgerRow; lost: LedgerRow; altered: LedgerRow; extra: LedgerRow };
  loadTruncated: boolean;
}

/** One record, or the part of one that is in this place; a record that stands in two places has the
 * same `twin` in both. `text` is the whole command; equal ones in a row are one piece with a `count`,
 * and `bytes` are those of all of them. */
export interface Piece { text: string; bytes: number; twin: number | null; count: number }
/** `text` is the value alone; of a deleted key the last one. */
export interface KeyCell { key: string; text: string; state: "same" | "changed" | "deleted" | "added" }
/** `text` is "n=102, a=1". */
export interface DatasetText { keys: number; text: string }
export interface PipeView { capacity: number; bytes: number; pieces: Piece[] }

/** A rewrite as it stands. Lists of pieces are oldest first. */
export interface RewriteView {
  stage: "child" | "opening" | "catching-up" | "freezing" | "sealing" | "renaming" | "syncing-directory" | "limbo" | "done" | "failed";
  cause: "asked" | "automatic" | "scheduled" | "healing" | "turning-on";
  forkedAtUs: number;
  /** replies to writes are held until the new file is the log */
  gatesHeld: boolean;
  /** for so long the switch kept the event loop from serving anybody */
  loopBlockedUs: number;
  parent: { pid: number; keys: KeyCell[]; keysTotal: number; changed: number; aofBufBytes: number };
  child: { pid: number; alive: boolean;
    stage: "writing" | "first-sync" | "draining" | "asking" | "awaiting-ack" | "final-read" | "appending" | "final-sync" | "renaming" | "exited";
    exit: ChildExit | null;
    keys: KeyCell[]; keysDone: number; keysTotal: number; commands: number; writtenBytes: number;
    diff: Piece[]; diffBytes: number };
  /** the memory of the dataset; `split` are the numbers of pages that are private by now, `splitNow` those
   * that this step made so */
  pages: { total: number; split: number[]; splitNow: number[] };
  diff: { blockBytes: number; freedBlocks: number;
    blocks: { number: number; capacity: number; sent: number; pieces: Piece[] }[];
    waitingBytes: number; sentBytes: number; stopSending: boolean };
  pipes: { data: PipeView; stop: PipeView; ack: PipeView };
  /** the old log and the new one; `pieces` holds the newest where they are fewer than `piecesTotal` */
  files: { inode: number; role: "old" | "new"; lengthBytes: number; durableBytes: number; openDescriptor: number | null;
    parts: { kind: "log" | "rewritten" | "diff"; bytes: number }[]; pieces: Piece[]; piecesTotal: number }[];
  /** inode numbers; where the two differ the name is not durable yet */
  directory: { name: string; cached: number | null; durable: number | null }[];
  /** what each file would load to now */
  recovered: { old: DatasetText | null; new: DatasetText | null };
  before: { bytes: number; commands: number; keys: number };
  after: { bytes: number; commands: number } | null;
  /** what the commands of the old log became, and all rows add up to both files: at most 5 keys, the largest
   * saving first; commands about no key; SELECT, MULTI and EXEC; the other keys.
   * `becomes` is the first command of the key now, empty for a key that is gone */
  redundant: { subject: "key" | "dataset" | "frame" | "rest"; key: string; keys: number; becomes: string;
    commands: number; bytes: number; newCommands: number; newBytes: number }[];
  /** the same rewrite on the event loop */
  foreground: { startUs: number; endUs: number; waiting: { client: number; text: string; arrivedUs: number; waitedUs: number }[] } | null;
}

/** One of the ten functions that the seeds declare, and the last step that was in it. */
export interface SeedFunction { name: string; lastStep: number | null }

/** The state that is in the way, or the end of what is known. */
export type Reason = "booting" | "killed" | "power-lost" | "halted" | "refused" | "not-crashed"
  | "at-end" | "at-start" | "too-many-steps" | "no-child";

export interface Snapshot {
  branch: number; step: number; stepCount: number; timeUs: number; digest: string;
  policy: Policy; profile: ProfileName; diskModel: DiskModel;
  state: "running" | "booting" | "killed" | "power-lost" | "halted" | "refused";
  fact: StepFact;
  /** log entries the step is about, for highlighting: the first, and the one after the last */
  focus: { entries: [number, number] | null; layer: "client" | "dataset" | "buffer" | "cache" | "disk" | "directory" | null };
  clients: ClientView[];
  log: LogEntry[];
  dataset: KeyView[];
  keyCount: number;
  /** positions in the log; base is where this run's log starts (0, or the loaded length) */
  appended: number; written: number; synced: number; acknowledged: number;
  fileBytes: number;
  sync: { from: number; to: number; startedUs: number; elapsedUs: number; expectedUs: number } | null;
  postponed: { sinceUs: number; waitingBytes: number; limitUs: number | null } | null;
  refusing: { reason: "write" | "sync"; errno: ErrnoView; heldBytes: number; endsWhen: "space-returns" | "next-sync" | "rewrite" | "directory-sync" } | null;
  verdict: Verdict;
  directory: DirectoryView[];
  fields: SeedField[];
  /** all ten, and the one that this step is in */
  functions: SeedFunction[];
  function: string | null;
  /** null before the first fork; stays after the rewrite until the next one */
  rewrite: RewriteView | null;
  faults: { failNextSync: boolean; stallNextSync: boolean; diskFull: boolean };
  /** what can be done now, or why not */
  can: { submit: true | Reason; killChild: true | Reason; kill: true | Reason; cutPower: true | Reason; failSync: true | Reason; fillDisk: true | Reason; boot: true | Reason; step: true | Reason; stepBack: true | Reason };
  crash: CrashView | null;
}

/** The exported class, as wasm-bindgen makes it. */
export interface LabApi {
  /** goes to the step at which the command is executed; effects that were due come before it */
  submit(client: number, command: string): Snapshot;
  step(): Snapshot;
  stepBack(): Snapshot;
  seek(step: number): Snapshot;
  /** forward to the next step of that kind; stays where it is when there is none */
  runUntil(kind: StepFact["kind"]): Snapshot;
  /** let simulated time pass without a command, so that timers fire */
  wait(millis: number): Snapshot;
  fault(name: FaultName): Snapshot;
  kill(): Snapshot;
  /** SIGKILL to the rewrite child; the server goes on */
  killChild(): Snapshot;
  cutPower(): Snapshot;
  /** boot from a disk with a file of this length (under "zero-tail": zeros from the durable end on), or "worst" | "best"; the loader's steps follow */
  boot(image: number | "worst" | "best" | { example: number }): Snapshot;
  /** the length nearest to this one that a disk may have now */
  lengthNear(bytes: number): number | null;
  /** boot from a file after it was edited; a server that runs is killed first when it is "log" */
  bootEdited(source: "log" | "worst" | "best" | { example: number }, look: BytesLook): Snapshot;
  /** back to the branch and the step that the failure left */
  undoCrash(): Snapshot;
  selectBranch(id: number): Snapshot;
  /** runs the same inputs under other settings as a new branch, at the same moment */
  configure(options: { policy?: Policy; profile?: ProfileName; diskModel?: DiskModel }): Snapshot;
  /** the log as the kernel has it, or a disk that a failure may leave, after it was edited */
  bytes(source: "log" | "worst" | "best" | { example: number }, look: BytesLook): BytesView;
  snapshot(): Snapshot;
  timeline(): Timeline;
  /** words that can complete this prompt line: command names, then keys */
  complete(line: string): string[];
  exportAof(): Uint8Array;
  importAof(bytes: Uint8Array): Snapshot;
  exportTrace(): Uint8Array;
  importTrace(bytes: Uint8Array): Snapshot;
  /** The branch that is looked at, for a RiskStrip in a worker. */
  exportRun(): Uint8Array;
}

/** What one failure would do after a step, over all disks that it may leave. */
export interface RiskOutlook {
  /** Acknowledged writes. */
  acknowledged: number;
  /** How many of them the worst disk keeps; one that does not load keeps none. */
  keptAtWorst: number;
  keptAtBest: number;
  /** Disks that were looked at, and whether there are more. */
  images: number;
  moreThan: boolean;
  /** Different datasets that they lead to. */
  datasets: number;
  /** Disks from which the server does not start. */
  refused: number;
  /** One of them breaks what was promised. */
  broken: boolean;
}

/** One step of a run; null while the server does not run. */
export interface RiskLabel {
  step: number;
  killed: RiskOutlook | null;
  powerCut: RiskOutlook | null;
}

/** `new RiskStrip(lab.exportRun(), model)`, in a worker that has loaded the module itself. */
export interface RiskStripApi {
  /** The labels of the next steps, at most so many; none at the end. Step 0 is the first. */
  next(count: number): RiskLabel[];
}
