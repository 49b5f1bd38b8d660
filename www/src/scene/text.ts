import type { Text } from "../text/text";
import { en } from "./en";
import type { Run } from "./fit";
import type { Role } from "./names";
import type { DatasetText, FileView, KeyCell, PipeView, RewriteView, VerdictRow } from "./view";
import { zh } from "./zh";

/** Where the name of the log points: still at the old file everywhere, in the kernel only, or at the
 * new one in both directories. */
export type Turn = "before" | "moved" | "settled";

/** Everything that the rewrite and the rename scene say by themselves, in one language. */
export interface SceneText {
  bytes(count: number): string;

  // the two processes
  parent: string;
  child: string;
  parentStatus(view: RewriteView, refuses: boolean): string;
  childStatus(view: RewriteView): string;
  parentSpoken(view: RewriteView, refuses: boolean): string;
  childSpoken(view: RewriteView): string;
  datasetNow: string;
  datasetFrozen: string;
  datasetLost: string;
  changed(count: number): string;
  held(view: RewriteView): string | null;
  written(view: RewriteView): string;
  noKeys: string;
  moreKeys(count: number): string;
  keyState(state: KeyCell["state"], owner: "parent" | "child"): string;
  aofBuf(bytes: number): string;
  aofBufShort(bytes: number): string;
  twoWays(first: number, last: number, waiting: boolean): string;
  oneWay: string;
  childFoot(view: RewriteView): string;

  // rewrite buffer, pipes, diff
  buffer: string;
  bufferSub(diff: RewriteView["diff"], brief: boolean): string;
  bufferSpoken(diff: RewriteView["diff"]): string;
  bufferEmpty(sent: boolean, feeding: boolean): string;
  freedName(count: number): string;
  freedState(feeding: boolean): string;
  moreBlocks(count: number): string;
  /** blocks are numbered from 0 */
  blockName(number: number): string;
  free: string;
  sent: string;
  /** 0: as many as the bytes say */
  records(count: number): string;
  inMemory(bytes: number): string;
  inPipe(bytes: number): string;
  inChild(bytes: number): string;
  pieceSpoken(run: Run, where: "memory" | "pipe" | "child" | "cache" | "disk"): string;
  diffReceived: string;
  diffSub(bytes: number, alive: boolean): string;
  diffEmpty: string;
  diffGone: string;
  pipes: string;
  pipeName(name: "data" | "stop" | "ack"): string;
  pipeTo(to: "parent" | "child"): string;
  pipeEmpty: string;
  pipeFull: string;
  pipeSpoken(name: "data" | "stop" | "ack", pipe: PipeView, to: "parent" | "child"): string;

  // pages
  pages: string;
  privatePages(split: number, total: number): string;
  pagesSpoken(split: number, total: number, owned: boolean): string;
  notShared: string;
  pagesEach(count: number): string;
  owns: string;

  // files
  killLine: string;
  powerLine: string;
  files: string;
  pageCache: string;
  notSynced(bytes: number): string;
  allSynced: string;
  fileName(name: string | null, inode: number): string;
  noName(inode: number): string;
  fileBytes(file: FileView): string;
  role(role: Role, file: FileView): string;
  fileSpoken(file: FileView, name: string | null, standing: string): string;
  fileRecords: string;
  noOldLog(view: RewriteView): string;
  noNewFile(view: RewriteView): string;
  risk(row: VerdictRow): string;

  // before and after
  beforeAfter: string;
  sizesTitle(view: RewriteView): string;
  sizesBrief(before: number, after: number): string;
  sizesSpoken(view: RewriteView): string;
  soFar: string;
  before: string;
  after: string;
  commands(count: number): string;
  redundant: string;
  noneRedundant(view: RewriteView): string;
  keyGone: string;
  noLogBefore: string;
  /** what a row is about: a key, commands about none, SELECT and its like, all the rest */
  rowName(item: RewriteView["redundant"][number]): string;
  commandsAndBytes(commands: number, bytes: number): string;
  unchanged: string;

  // verdict strip
  /** in two lines, the second stressed */
  notYetThisLog: string;
  noLogYet: string;

  // rename
  cachedTitle: string;
  cachedSub: string;
  diskTitle: string;
  diskSub: string;
  inodes: string;
  inodesSub(durable: boolean, files: number): string;
  inode(number: number): string;
  noSuchName: string;
  maybe: string;
  arrowCached(turn: Turn): string;
  arrowDisk(turn: Turn, failed: boolean): string;
  inodeWhat(file: FileView, view: RewriteView): string;
  inodeState(file: FileView, role: Role, view: RewriteView): string;
  directorySpoken(
    title: string,
    entries: readonly { name: string; inode: number | null }[],
  ): string;
  powerLost: string;
  or: string;
  oldLog(inode: number): string;
  newLog(inode: number): string;
  recoversSame(keys: DatasetText): string;
  recoversDifferent(old: DatasetText | null, fresh: DatasetText | null): string;
  recoversOne(keys: DatasetText): string;
  onlyThis: string;
  recoversNothing: string;
  kept(row: VerdictRow): string;
  keptWhen(rows: { killed: VerdictRow; power: VerdictRow; diskError: VerdictRow }): string;
}

export function sceneText(tag: Text["tag"]): SceneText {
  return tag === "zh-CN" ? zh : en;
}
