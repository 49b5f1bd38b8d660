import type {
  BranchView,
  CrashFile,
  CrashView,
  DiskModel,
  Fate,
  Layer,
  LogEntry,
  NoteFact,
  Policy,
  ProfileName,
  ScenarioName,
  Snapshot,
  StepFact,
  VerdictRow,
} from "../types";

type Lesson = Exclude<ScenarioName, "empty">;
type Scene = "log" | "rewrite" | "rename";

export type Failure = "killed" | "power" | "diskError";

/** Everything the page says, in one language. Both languages implement it in full. */
export interface Text {
  tag: "en" | "zh-CN";
  title: string;
  lessonLabel: string;
  lessonName(lesson: Lesson): string;
  /** the group of lessons that are known holes */
  holes: string;
  sceneLabel: string;
  sceneOffer: string;
  sceneName(scene: Scene): string;
  loading: string;
  skip: string;

  // top bar
  policyLabel: string;
  profileLabel: string;
  profileName(profile: ProfileName): string;
  diskLabel: string;
  diskName(model: DiskModel): string;
  diskMeaning(model: DiskModel): string;
  /** the tiles of the log, for a screen reader */
  tiles: string;
  tableView: string;
  stageView: string;
  otherLanguage: string;
  theme: string;
  themeName(theme: "system" | "light" | "dark"): string;
  motion: string;
  motionName(on: boolean): string;
  menu: string;
  files: string;
  openFile: string;
  saveLog: string;
  lookAtLog: string;
  saveRun: string;
  settings: string;

  headline(snapshot: Snapshot, short: boolean): string;

  // client column
  client: string;
  clientNumber(id: number): string;
  commandState(state: "held" | "answered" | "lost-connection"): string;
  fate(fate: Fate): string;
  promptLabel: string;
  promptExample: string;
  promptHint: string;
  /** elements of a value that are not shown */
  moreElements(count: number): string;
  promptEmptyHint: string;
  run: string;
  completions(words: string): string;
  connectionLost(answered: number): string;
  earlier(count: number): string;
  refusing(snapshot: NonNullable<Snapshot["refusing"]>): string;
  breakTitle: string;
  breakers: { kill: string; child: string; power: string; sync: string; disk: string; free: string };
  armed: string;
  fieldsTitle: string;
  fieldsAll(count: number): string;
  fieldChanged: string;
  /** a step in a narrow column, and what its button does */
  atStep(step: number): string;
  goToChange(name: string, step: number): string;
  functionsTitle: string;
  goToCall(name: string, step: number): string;
  functionsAll(count: number): string;
  inFunction: string;

  // stage
  stage: string;
  stageKeys: string;
  dataset: string;
  datasetSub(keys: number): string;
  bufferSub(bytes: number): string;
  bufferSubPhone(bytes: number): string;
  cache: string;
  cacheSub(bytes: number): string;
  cacheSubPhone(bytes: number, syncing: boolean): string;
  disk: string;
  diskSub(bytes: number): string;
  killLine: string;
  powerLine: string;
  killedHere: string;
  haltedHere: string;
  powerLostHere: string;
  erased: string;
  whatIsLeft: string;
  handedOver: string;
  originNote(origin: LogEntry["origin"]): string;
  waiting: string;
  headFate(fate: Fate, reply: string): string;
  layerTag(layer: Layer): string;
  layerMeaning(layer: Layer): string;
  writes(count: number): string;
  run_(count: number): string;
  syncing: string;
  syncProgress(sync: NonNullable<Snapshot["sync"]>): string;
  directory(name: string, cached: number | null, disk: number | null): string;
  acknowledged(position: number, short: boolean): string;
  gap(row: VerdictRow, width: number): string;
  gapSpoken(failure: "killed" | "power", row: VerdictRow): string;
  positionHint: string;

  // verdict
  verdictTitle: string;
  verdictName(failure: Failure, short: boolean): string;
  verdictKeyword(failure: Failure): string;
  verdictOf(failure: Failure, row: VerdictRow, short: boolean): string;
  verdictFoot(failure: Failure, row: VerdictRow, snapshot: Snapshot, short: boolean): string;
  nothingAcknowledged: string;
  /** leads from a refused start back to the disks */
  otherDisk: string;
  noServer(state: "refused" | "booting"): string;

  // transport
  transport: string;
  stepBack: string;
  play: string;
  pause: string;
  step: string;
  scrubber: string;
  stepOf(step: number, count: number): string;
  event(fact: StepFact): string;
  mark(fact: StepFact): string;
  note(note: NoteFact): string;
  atRisk: string;
  stepsShown(from: number, to: number): string;
  riskPower: string;
  riskKilled: string;
  riskAt(killed: number, power: number): string;
  branch: string;
  branchName(branch: BranchView): string;
  because(reason: string): string;

  /** One sentence or two on what the step did; `brief` where there is little room. */
  caption(snapshot: Snapshot, brief?: boolean): string;

  // crash

  // failures of the page itself
  noEngine(reason: string): string;
  pageError(reason: string): string;
}

/** Different datasets on the disks that load, and how many disks do not. */
export interface Recoveries {
  datasets: number;
  refused: number;
}

export interface CrashText {
  bootFrom: string;
  worst: string;
  best: string;
  chosen: string;
  /** for the field of a length of file */
  chosenLabel(shortest: number, longest: number): string;
  undo(kind: CrashView["kind"]): string;
  modelTitle: string;
  certain: string;
  namesUnchanged: string;
  namesOpen: string;
  possible: string;
  left: string;
  images(crash: CrashView, found: Recoveries): string;
  disks(count: number): string;
  worstTag: string;
  bestTag: string;
  ends(shortest: number, longest: number): string;
  /** one of several files to which the name may lead */
  file(file: CrashFile): string;
  torn: string;
  promise: string;
  promiseVerdict(crash: CrashView): string;
  promiseMeaning(snapshot: Snapshot, crash: CrashView): string;
  yourWrites(count: number): string;
  sure: string;
  maybe: string;
  lost: string;
  instead(snapshot: Snapshot): string[];
  recovered: string;
  emptyDataset: string;
  moreKeys(count: number): string;
  boot: string;
  /** the link to the bytes of a disk */
  bytes: string;
  bootGroup(shortest: number, longest: number): string;
  refused: string;
}

export interface TableText {
  caption: string;
  log: string;
  logColumns: string[];
  layers: string;
  layerColumns: string[];
  dataset: string;
  datasetColumns: string[];
  verdict: string;
  verdictColumns: string[];
  clients: string;
  clientColumns: string[];
  fields: string;
  fieldColumns: string[];
  functions: string;
  functionColumns: string[];
  directory: string;
  directoryColumns: string[];
  facts: string;
  factColumns: string[];
  crash: string;
  crashColumns: string[];
  yes: string;
  no: string;
  none: string;
  factNames: {
    state: string;
    time: string;
    step: string;
    policy: string;
    profile: string;
    model: string;
    digest: string;
    appended: string;
    written: string;
    synced: string;
    acknowledged: string;
    fileBytes: string;
    sync: string;
    postponed: string;
    refusing: string;
    faults: string;
    promise: string;
    keyCount: string;
  };
  layerNames: { memory: string; cache: string; disk: string };
  state(state: Snapshot["state"]): string;
  origin(origin: LogEntry["origin"]): string;
  faults(faults: Snapshot["faults"]): string;
  postponed(postponed: NonNullable<Snapshot["postponed"]>): string;
}

export type { Policy };
