// What stands on the scrubber: which mark a step has, how much its word matters, and which words
// have room.
import type { RewriteFact, StepFact, StepMark } from "../types";

/** `turn`: what a rewrite turns on, its fork and the rename. `told`: a tick that has a word. */
export type MarkShape =
  | "command"
  | "turn"
  | "sync-start"
  | "synced"
  | "postponed"
  | "failure"
  | "told"
  | "tick";

function shapeOfRewrite(fact: RewriteFact): MarkShape {
  if ("result" in fact && !fact.result.ok) {
    return fact.name === "send" && fact.result.errno.name === "EAGAIN" ? "tick" : "failure";
  }
  switch (fact.name) {
    case "fork":
      return "turn";
    case "child-killed":
      return "failure";
    case "child-sync":
      return "synced";
    case "work-start":
      return fact.work.what === "sync" || fact.work.what === "sync-directory"
        ? "sync-start"
        : "tick";
    case "work-end":
      switch (fact.work.what) {
        case "rename":
          return "turn";
        case "sync":
        case "sync-directory":
          return "synced";
        case "append":
          return "told";
        default:
          return "tick";
      }
    case "send":
      return fact.pipe === "ack" ? "told" : "tick";
    case "child-write":
    case "child-stop":
    case "kill-child":
      return "told";
    case "child-exit":
      return "code" in fact.exit && fact.exit.code === 0 ? "told" : "failure";
    case "reaped":
      return "code" in fact.exit && fact.exit.code === 0 ? "tick" : "failure";
    case "child-ack":
      return fact.answer === "ack" ? "tick" : "failure";
    default:
      return "tick";
  }
}

export function shapeOf(fact: StepFact): MarkShape {
  switch (fact.kind) {
    case "command":
    case "boot-command":
      return "command";
    case "sync-start":
      return "sync-start";
    case "sync-end":
    case "sync-inline":
      return fact.result.ok ? "synced" : "failure";
    case "write":
    case "truncate":
      return fact.result.ok ? "tick" : "failure";
    case "writeback":
    case "boot-sync":
      return "synced";
    case "rewrite":
      return shapeOfRewrite(fact.rewrite);
    case "note":
      switch (fact.note.name) {
        case "write-postponed":
          return "postponed";
        case "write-failed":
        case "sync-failed":
        case "short-write":
        case "truncate-failed":
        case "held-too-long":
        case "sync-too-slow":
          return "failure";
        default:
          return "tick";
      }
    case "malformed":
    case "halt":
    case "killed":
    case "power-cut":
    case "boot-refused":
      return "failure";
    default:
      return "tick";
  }
}

const WEIGHT: Record<MarkShape, number> = {
  failure: 6,
  turn: 5,
  command: 4,
  synced: 3,
  "sync-start": 2,
  told: 2,
  postponed: 1,
  tick: 0,
};

export interface Word {
  step: number;
  x: number;
  text: string;
  mono: boolean;
  current: boolean;
}

/** Room a word takes; Chinese glyphs are about twice as wide. */
function widthOf(text: string, mono: boolean): number {
  let width = 0;
  for (const char of text) width += char > "\u2e80" ? 12.5 : mono ? 8 : 7.2;
  return width;
}

/** Words that stand free of each other: the current one, then by weight, then the earlier. */
export function placeWords(
  marks: readonly { step: number; x: number; shape: MarkShape; text: string; mono: boolean }[],
  current: number,
  width: number,
): Word[] {
  const named = marks.filter((mark) => mark.step === current || mark.shape !== "tick");
  // Of a row of equal words the first says it for all.
  const order = named
    .filter((mark, at) => mark.step === current || mark.text !== named[at - 1]?.text)
    .map((mark) => ({ ...mark, weight: mark.step === current ? 9 : WEIGHT[mark.shape] }))
    .sort((a, b) => b.weight - a.weight || a.step - b.step);
  const taken: [number, number][] = [];
  const words: Word[] = [];
  for (const mark of order) {
    if (words.length >= 120) break;
    const half = widthOf(mark.text, mark.mono) / 2;
    const x = Math.max(half - 8, Math.min(mark.x, width - half + 8));
    const from = x - half - 5;
    const to = x + half + 5;
    if (taken.some(([a, b]) => from < b && to > a)) continue;
    taken.push([from, to]);
    words.push({
      step: mark.step,
      x,
      text: mark.text,
      mono: mark.mono,
      current: mark.step === current,
    });
  }
  return words;
}

/** Beyond this many steps marks share places; each place shows its weightiest mark. */
export function thinned<Mark extends { x: number; shape: MarkShape }>(
  marks: readonly Mark[],
  pitch: number,
): Mark[] {
  if (pitch >= 5) return [...marks];
  const byPlace = new Map<number, Mark>();
  for (const mark of marks) {
    const place = Math.round(mark.x / 14);
    const other = byPlace.get(place);
    if (!other || WEIGHT[mark.shape] > WEIGHT[other.shape]) byPlace.set(place, mark);
  }
  return [...byPlace.values()].filter((mark) => mark.shape !== "tick");
}

/** From so many steps on a run with a rewrite shows the rewrite and not what led to it. */
const LONG = 60;

/** The first step that is drawn: 0, or the one that asked for the rewrite, once it is reached. */
export function firstDrawn(marks: readonly StepMark[], current: number): number {
  if (marks.length < LONG) return 0;
  const fork = marks.findIndex(
    ({ fact }) => fact.kind === "rewrite" && fact.rewrite.name === "fork",
  );
  if (fork < 0) return 0;
  const asked = marks.findLastIndex(({ fact }, at) => at < fork && fact.kind === "command");
  const first = marks[Math.max(0, asked)]?.step ?? 0;
  return current >= first ? Math.max(0, first - 1) : 0;
}

const LINEAR_MOST = 6;

/** Height of a bar of the risk strip: proportional up to six writes, logarithmic beyond. */
export function riskHeight(value: number, most: number, full: number): number {
  if (value <= 0) return 0;
  if (most <= LINEAR_MOST) return (full * value) / Math.max(most, 3);
  return (full * Math.log1p(value)) / Math.log1p(most);
}
