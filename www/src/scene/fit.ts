// Records as tiles that have room: which label each carries, and which ones are told as a count.
// Pure, so that it can be tested without a browser. Widths are estimates on the wide side; no font
// is measured, so that a picture is the same before and after fonts have loaded.
import { shortened } from "../text/format";
import { visible } from "../text/markup";
import type { Piece } from "./view";

/** A 12.5 px mono glyph of the widest system font. */
export const GLYPH = 7.8;
const PADDING = 14;
/** A merged run has a plate of its own, and looks like more than one record. */
const PLATE = 18;
const DISC = 23;

/** Equal records in a row, or all that have no room of their own. */
export interface Run {
  key: string;
  /** the command; null for records that are told as a count only */
  text: string | null;
  /** 0 where only the bytes are known */
  count: number;
  bytes: number;
  twin: number | null;
  /** bytes before it in its file or row */
  at: number;
}

export interface Fitted extends Run {
  label: string;
  width: number;
}

export function textWidth(text: string, glyph = GLYPH): number {
  let width = 0;
  for (const char of text) width += char > "\u2e80" ? glyph * 1.9 : glyph;
  return width;
}

/** Runs of a list of records, oldest first; older ones that the list leaves out come as bytes. */
export function runsOf(pieces: readonly Piece[], missingBytes = 0): Run[] {
  const runs: Run[] = [];
  let at = missingBytes;
  if (missingBytes > 0)
    runs.push({ key: "earlier", text: null, count: 0, bytes: missingBytes, twin: null, at: 0 });
  for (const { text, bytes, twin, count } of pieces) {
    const last = runs.at(-1);
    if (last && last.text === text && last.twin === null && twin === null) {
      last.count += count;
      last.bytes += bytes;
    } else {
      runs.push({ key: `${at}`, text, count, bytes, twin, at });
    }
    at += bytes;
  }
  return runs;
}

/** All of some runs as one count. */
function merged(runs: readonly Run[], key: string): Run {
  const count = runs.some((run) => run.count === 0)
    ? 0
    : runs.reduce((sum, run) => sum + run.count, 0);
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  return { key, text: null, count, bytes, twin: null, at: runs[0]?.at ?? 0 };
}

/** Shorter and shorter: the command, its name and key, its key alone. */
function labelOf(text: string, level: number): string {
  const words = visible(text).split(" ");
  if (level === 0) return shortened(words.join(" "), 22);
  if (level === 1) return shortened(words.slice(0, 2).join(" "), 14);
  const [name = "", key] = words;
  return shortened(name === "SET" && key !== undefined ? key : name, 9);
}

export interface Room {
  width: number;
  gap: number;
  /** the words of a count, and a number that follows a run's label */
  counted(run: Run): string;
  /** least width that the second line of a tile needs; 0 for tiles of one line */
  second?(run: Run): number;
  /** which end is told as a count when there is no room for all */
  drop: "oldest" | "newest";
}

function fitted(run: Run, level: number, room: Room): Fitted {
  const short = run.count > 1 ? Math.min(level, 1) : level;
  const name = run.text === null ? room.counted(run) : labelOf(run.text, short);
  const label = run.text !== null && run.count > 1 ? `${name} × ${run.count}` : name;
  const glyph = run.text === null ? 6.9 : GLYPH;
  const disc = run.twin === null ? 0 : DISC + Math.max(0, String(run.twin).length - 2) * 6;
  const body = Math.max(textWidth(label, glyph), room.second?.(run) ?? 0);
  return {
    ...run,
    label,
    width: Math.ceil(body + PADDING + disc + (run.count > 1 || run.text === null ? PLATE : 0)),
  };
}

const total = (tiles: readonly Fitted[], gap: number) =>
  tiles.reduce((sum, tile) => sum + tile.width + gap, -gap);

/** Tiles that fit into a row: with shorter labels first, then with one end told as a count. */
export function fit(runs: readonly Run[], room: Room, levels = [0, 1, 2]): Fitted[] {
  if (runs.length === 0) return [];
  for (const level of levels) {
    const tiles = runs.map((run) => fitted(run, level, room));
    if (total(tiles, room.gap) <= room.width) return tiles;
  }
  const level = levels.at(-1) ?? 2;
  const oldest = room.drop === "oldest";
  const order = oldest ? [...runs].reverse() : [...runs];
  const kept: Fitted[] = [];
  let used = 0;
  for (const [index, run] of order.entries()) {
    const tile = fitted(run, Math.min(level, 1), room);
    const rest = fitted(merged(order.slice(index), "rest"), level, room);
    const after = fitted(merged(order.slice(index + 1), "rest"), level, room);
    const needed = index + 1 < order.length ? after.width + room.gap : 0;
    if (used + tile.width + needed > room.width) {
      rest.width = Math.min(rest.width, Math.max(room.width - used, 24));
      rest.at = oldest ? (runs[0]?.at ?? 0) : rest.at;
      kept.push(rest);
      break;
    }
    kept.push(tile);
    used += tile.width + room.gap;
  }
  return oldest ? kept.reverse() : kept;
}

/** The first way of drawing some runs in which none has to be told as a count; else the last. */
export function firstThatFits(
  runs: readonly Run[],
  ways: readonly Room[],
): { tiles: Fitted[]; way: number } {
  let tiles: Fitted[] = [];
  for (const [way, room] of ways.entries()) {
    tiles = fit(runs, room);
    if (tiles.length === runs.length && tiles.every((tile) => tile.key !== "rest"))
      return { tiles, way };
  }
  return { tiles, way: ways.length - 1 };
}

/** How many of some labels stand in a row, with room left for words that count the others. */
export function howMany(
  labels: readonly number[],
  width: number,
  gap: number,
  tail: number,
): number {
  const all = labels.reduce((sum, label) => sum + label + gap, -gap);
  if (all <= width) return labels.length;
  let used = 0;
  for (const [index, label] of labels.entries()) {
    used += label + gap;
    if (used + tail > width) return index;
  }
  return labels.length;
}
