import { chunk } from "./chunk.svelte";
import { sceneOf, type Lesson } from "./lessons.svelte";
import { language } from "./text/language.svelte";
import { plain } from "./text/markup";
import type {
  BytesLook,
  BytesView,
  DiskModel,
  FaultName,
  LabApi,
  Policy,
  ProfileName,
  RiskLabel,
  Snapshot,
  StepMark,
  Timeline,
} from "./types";

/** What is drawn: the staircase of the log, the two processes, or names and files. */
export type Scene = "log" | "rewrite" | "rename";

/** Time between two steps in play: long enough to read a caption, and one spoken message each. */
const PLAY_MS = 1_100;

/**
 * The run on the page: the engine behind it, what it showed last, and the step before that.
 * Every action asks the engine and draws what it answers.
 */
/** A file whose bytes are looked at. */
export interface Opened {
  source: "log" | { example: number };
}

export class Run {
  readonly #lab: LabApi;
  snapshot: Snapshot = $state.raw() as Snapshot;
  timeline: Timeline = $state.raw() as Timeline;
  /** The picture one step earlier, while the last action was a single step; for outlines. */
  before: Snapshot | null = $state.raw(null);
  /** Whether the last change may move. */
  stepped = $state(false);
  playing = $state(false);
  /** What a screen reader hears after an action. */
  spoken = $state("");
  /** Redis's error text for the last line of the prompt. */
  promptError: string | null = $state(null);
  /** The reason for the last action that the engine refused. */
  problem: string | null = $state(null);
  /** The picture that is wanted; the staircase stands in where there is no rewrite to draw. */
  scene: Scene = $state("log");
  /** The marks of every branch that was looked at; for drawing the line that a crash left. */
  readonly lines = new Map<number, StepMark[]>();
  /** The file whose bytes are shown over the page. */
  opened: Opened | null = $state.raw(null);
  /** What each step would lose under the chosen model, as far as it is known. Nothing under the
   * model by which the marks themselves count. */
  risk: ReadonlyMap<number, RiskLabel> | null = $state.raw(null);
  #acted = false;
  /** Ends what a worker still does for an older question. */
  #stopWeighing: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    lab: LabApi,
    readonly lesson: Lesson,
  ) {
    this.#lab = lab;
    this.scene = sceneOf(lesson);
    this.snapshot = lab.snapshot();
    this.timeline = lab.timeline();
    this.lines.set(this.timeline.branch, this.timeline.marks);
    this.#fetch();
    this.#weigh();
  }

  /** Sentences and pictures of a rewrite come when the run has one, those of a failure with it. */
  #fetch(): void {
    if (this.snapshot.crash) {
      chunk.loadCrash().catch((error: unknown) => {
        this.problem = message(error);
      });
    }
    if (chunk.scenes) return;
    const about = (mark: StepMark) =>
      mark.fact.kind === "rewrite" ||
      (mark.fact.kind === "note" && mark.fact.note.name === "rewrite");
    if (!this.snapshot.rewrite && !this.timeline.marks.some(about)) return;
    chunk.load().then(
      () => {
        if (this.spoken !== "") this.#speak();
      },
      (error: unknown) => {
        this.problem = message(error);
      },
    );
  }

  get client(): number {
    return this.snapshot.clients.find((client) => client.connected)?.id ?? 1;
  }

  /** As `#act`, for an action that changes what comes. */
  #change(action: (lab: LabApi) => Snapshot, singleStep = false): boolean {
    this.#acted = true;
    return this.#act(action, singleStep);
  }

  /** Runs one action of the engine; false when the engine refused it. */
  #act(action: (lab: LabApi) => Snapshot, singleStep = false): boolean {
    const was = this.snapshot;
    let next: Snapshot;
    try {
      next = action(this.#lab);
    } catch (error) {
      this.problem = message(error);
      return false;
    }
    this.problem = null;
    this.stepped = singleStep;
    this.before = singleStep && next.step !== was.step ? was : null;
    this.snapshot = next;
    this.#follow(was);
    this.#speak();
    return true;
  }

  /** Fetches the timeline again only where it can have changed: moving on a branch changes none. */
  #follow(was: Snapshot): void {
    const now = this.snapshot;
    const moved = now.branch === was.branch && now.stepCount === was.stepCount && !this.#acted;
    this.timeline = moved ? { ...this.timeline, step: now.step } : this.#lab.timeline();
    this.#acted = false;
    this.lines.set(this.timeline.branch, this.timeline.marks);
    this.#fetch();
    if (!moved) this.#weigh();
  }

  /** Has every step judged under the chosen model. A step shows no risk until it was judged. */
  #weigh(): void {
    this.risk = null;
    this.#stopWeighing();
    const { diskModel, branch } = this.snapshot;
    if (diskModel === "any-prefix") return;
    const bytes = this.#lab.exportRun();
    import("./risk/strip").then(
      ({ ask, stop }) => {
        this.#stopWeighing = stop;
        if (this.snapshot.branch !== branch || this.snapshot.diskModel !== diskModel) return;
        ask(bytes, diskModel, (answer) => {
          if (this.snapshot.branch !== branch || this.snapshot.diskModel !== diskModel) return;
          if ("failed" in answer) {
            this.problem = answer.failed;
            return;
          }
          const known = new Map(this.risk ?? []);
          for (const label of answer.labels) known.set(label.step, label);
          this.risk = known;
        });
      },
      (error: unknown) => {
        this.problem = message(error);
      },
    );
  }

  /** Said when a lesson was chosen. */
  introduce(): void {
    const text = language.text;
    this.spoken = `${text.lessonName(this.lesson)}. ${plain(text.headline(this.snapshot, false))}`;
  }

  #speak(): void {
    const { step, stepCount } = this.snapshot;
    const text = language.text;
    this.spoken = `${text.stepOf(step, stepCount)}. ${plain(text.caption(this.snapshot))}`;
  }

  step(): boolean {
    if (this.snapshot.can.step !== true) return false;
    return this.#act((lab) => lab.step(), true);
  }

  stepBack(): void {
    this.pause();
    if (this.snapshot.can.stepBack === true) this.#act((lab) => lab.stepBack(), true);
  }

  stepOnce(): void {
    this.pause();
    this.step();
  }

  seek(step: number): void {
    this.pause();
    const to = Math.max(0, Math.min(step, this.snapshot.stepCount));
    if (to === this.snapshot.step) return;
    this.#act((lab) => lab.seek(to), Math.abs(to - this.snapshot.step) === 1);
  }

  play(): void {
    if (this.playing) return this.pause();
    if (this.snapshot.can.step !== true) return;
    this.playing = true;
    this.#tick();
  }

  pause(): void {
    this.playing = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    if (!this.playing) return;
    if (!this.step() || this.snapshot.step >= this.snapshot.stepCount) return this.pause();
    this.#timer = setTimeout(() => this.#tick(), PLAY_MS);
  }

  /** True when the line was taken; otherwise `promptError` says why not. */
  submit(line: string): boolean {
    this.pause();
    const taken = this.#change((lab) => lab.submit(this.client, line), true);
    this.promptError = taken ? this.#errorReply() : this.problem;
    if (!taken) this.spoken = this.promptError ?? "";
    this.problem = null;
    return taken && this.promptError === null;
  }

  #errorReply(): string | null {
    const fact = this.snapshot.fact;
    return fact.kind === "command" && fact.replyIsError ? fact.replyText : null;
  }

  forgetError(): void {
    this.promptError = null;
  }

  complete(line: string): string[] {
    try {
      return this.#lab.complete(line);
    } catch {
      return [];
    }
  }

  kill(): void {
    this.pause();
    this.#change((lab) => lab.kill(), true);
  }

  killChild(): void {
    this.pause();
    this.#change((lab) => lab.killChild(), true);
  }

  cutPower(): void {
    this.pause();
    this.#change((lab) => lab.cutPower(), true);
  }

  fault(name: FaultName): void {
    this.pause();
    this.#change((lab) => lab.fault(name), true);
  }

  boot(image: number | "worst" | "best" | { example: number }): void {
    this.pause();
    this.#change((lab) => lab.boot(image));
  }

  /** The same run in another order of the switch: to the moment after the name has moved. */
  tryOrder(profile: ProfileName): void {
    this.configure({ profile });
    const renamed = this.timeline.marks.find(
      ({ fact }) =>
        fact.kind === "rewrite" &&
        fact.rewrite.name === "work-end" &&
        fact.rewrite.work.what === "rename",
    );
    if (renamed) this.seek(renamed.step);
  }

  openBytes(source: Opened["source"] | null): void {
    this.pause();
    this.opened = source === null ? null : { source };
  }

  /** The bytes of a file after they were edited; null when the engine cannot give them. */
  bytes({ source }: Opened, look: BytesLook): BytesView | null {
    try {
      return this.#lab.bytes(source, look);
    } catch {
      // It was of a moment that is no longer shown.
      return null;
    }
  }

  /** The length nearest to this one that a disk may have now. */
  lengthNear(bytes: number): number | null {
    return Number.isSafeInteger(bytes) && bytes >= 0 ? this.#lab.lengthNear(bytes) : null;
  }

  /** Starts the server from the file that is looked at, as it was edited. */
  bootOpened({ source }: Opened, look: BytesLook): void {
    this.pause();
    this.opened = null;
    this.#change((lab) => lab.bootEdited(source, look));
  }

  /** Back from a refused start to the failure before it, where another disk can be chosen. */
  leaveRefusal(): void {
    const { step } = this.snapshot;
    const failed = this.timeline.marks.findLast(
      ({ step: at, fact }) =>
        at <= step && (fact.kind === "killed" || fact.kind === "power-cut" || fact.kind === "halt"),
    );
    if (failed) this.seek(failed.step);
  }

  undoCrash(): void {
    this.pause();
    this.#change((lab) => lab.undoCrash());
  }

  selectBranch(id: number): void {
    this.pause();
    this.#act((lab) => lab.selectBranch(id));
  }

  /** The log file as the kernel has it. */
  log(): Uint8Array {
    return this.#lab.exportAof();
  }

  /** The run up to here; null when the engine cannot give it, and `problem` says why. */
  trace(): Uint8Array | null {
    try {
      return this.#lab.exportTrace();
    } catch (error) {
      this.problem = message(error);
      return null;
    }
  }

  /** Brings in a log, or a run that was recorded. */
  open(bytes: Uint8Array, recorded: boolean): void {
    this.pause();
    this.#change((lab) => (recorded ? lab.importTrace(bytes) : lab.importAof(bytes)));
  }

  configure(options: { policy?: Policy; profile?: ProfileName; diskModel?: DiskModel }): void {
    this.pause();
    this.#change((lab) => lab.configure(options));
  }
}

export function message(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "not-here") return language.text.because(code);
  return error instanceof Error ? error.message : String(error);
}

/** Read-only view for tests and for curious readers at the console. */
export function expose(run: Run): void {
  const playground = {
    snapshot: () => structuredClone(run.snapshot),
    timeline: () => structuredClone(run.timeline),
  };
  Object.defineProperty(window, "playground", {
    value: Object.freeze(playground),
    configurable: true,
  });
}
