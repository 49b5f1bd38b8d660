// The picture of a snapshot as rectangles: x is the position in the log, y the layer. Pure, so that
// what the stage shows can be read and tested without a browser. It decides sizes and places, and
// nothing about persistence: which layer a command is in comes with the snapshot.

import type { LogEntry, Snapshot } from "../types";
import type { Band, Rows } from "./rows";

/** Bytes that fill the log at its widest drawing; longer logs are drawn to a smaller scale. */
const FULL_BYTES = 131;
const L_WIDTH = 96;
const M_WIDTH = 56;
const S_WIDTH = 40;
const MERGE_WIDTH = 14;
const GAP = 4;

export type RowName = "memory" | "cache" | "disk";
export type TileState = "memory" | "cache" | "syncing" | "disk" | "maybe" | "lost";
export type TileSize = "L" | "M" | "S" | "XS";

export interface TileBox {
  key: string;
  row: RowName;
  state: TileState;
  size: TileSize;
  x: number;
  y: number;
  width: number;
  height: number;
  /** the commands it stands for, oldest first; more than one in a merged run */
  entries: LogEntry[];
  /** the position of the cut when only the first part of the command is here */
  tornAt: number | null;
  /** another tile shows what is left of it */
  ghost: boolean;
  /** merged runs that contain the frontier show their count */
  merged: boolean;
}

export interface Scale {
  base: number;
  end: number;
  perByte: number;
  x(position: number): number;
}

export function scaleOf(snapshot: Snapshot, width: number): Scale {
  const first = snapshot.log[0];
  const base = Math.min(first ? first.from : snapshot.appended, snapshot.appended);
  const end = Math.max(snapshot.appended, snapshot.log.at(-1)?.to ?? 0);
  const perByte = width / Math.max(end - base, FULL_BYTES);
  return { base, end, perByte, x: (position) => (position - base) * perByte };
}

interface Piece {
  entry: LogEntry;
  row: RowName;
  state: TileState;
  from: number;
  to: number;
  tornAt: number | null;
  ghost?: boolean;
}

/** Which rows show a command: one while the server runs; after a crash its ghosts, too. */
function piecesOf(entry: LogEntry, snapshot: Snapshot): Piece[] {
  const whole = { entry, from: entry.from, to: entry.to, tornAt: null };
  const crash = snapshot.crash;
  if (!crash) return running(entry, snapshot);
  const row: RowName =
    entry.layer === "memory" ? "memory" : entry.layer === "disk" ? "disk" : "cache";
  if (row === "disk") {
    const sure = crash.kind !== "power-cut" || entry.fate === "kept" || entry.fate === null;
    return [{ ...whole, row, state: sure ? "disk" : entry.fate === "maybe" ? "maybe" : "lost" }];
  }
  if (crash.kind !== "power-cut") {
    const lost = row === "memory" || entry.fate === "lost";
    const state: TileState = lost ? "lost" : entry.layer === "syncing" ? "syncing" : "cache";
    return [{ ...whole, row, state }];
  }
  const state: TileState =
    entry.fate === "kept" ? "disk" : entry.fate === "maybe" ? "maybe" : "lost";
  return [
    { ...whole, row, state: "lost", ghost: true },
    { ...whole, row: "disk", state },
  ];
}

/** A short write leaves one command cut: its first part in the page cache, the rest in memory. */
function running(entry: LogEntry, snapshot: Snapshot): Piece[] {
  const { from, to, layer } = entry;
  const cut = snapshot.written;
  if (layer === "memory" && from < cut && cut < to) {
    return [
      { entry, row: "cache", state: "cache", from, to: cut, tornAt: cut },
      { entry, row: "memory", state: "memory", from: cut, to, tornAt: null },
    ];
  }
  const row: RowName = layer === "memory" ? "memory" : layer === "disk" ? "disk" : "cache";
  return [{ entry, row, state: layer, from, to, tornAt: null }];
}

function sizeFor(width: number): TileSize {
  return width >= L_WIDTH ? "L" : width >= M_WIDTH ? "M" : width >= S_WIDTH ? "S" : "XS";
}

/** Height of a tile in its row; smaller tiles stand on the row's foot. */
function heightFor(size: TileSize, band: Band, inset: boolean): number {
  if (inset || size === "L" || band.height < 70) return band.height;
  return size === "M" ? 52 : 38;
}

export function tilesOf(snapshot: Snapshot, scale: Scale, rows: Rows): TileBox[] {
  const pieces = snapshot.log.flatMap((entry) => piecesOf(entry, snapshot));
  const average = snapshot.log.length
    ? ((scale.end - scale.base) * scale.perByte) / snapshot.log.length
    : L_WIDTH;
  const merge = average < MERGE_WIDTH;
  const boxes: TileBox[] = [];
  const open = new Map<RowName, { piece: Piece; entries: LogEntry[]; to: number }>();
  const close = (row: RowName) => {
    const run = open.get(row);
    if (run) boxes.push(box(run.piece, run.entries, run.to, scale, rows));
    open.delete(row);
  };
  for (const piece of pieces) {
    const run = open.get(piece.row);
    if (merge && run && run.to === piece.from && run.piece.state === piece.state) {
      run.entries.push(piece.entry);
      run.to = piece.to;
      continue;
    }
    close(piece.row);
    open.set(piece.row, { piece, entries: [piece.entry], to: piece.to });
  }
  for (const row of [...open.keys()]) close(row);
  return boxes.sort((a, b) => (a.entries[0]?.index ?? 0) - (b.entries[0]?.index ?? 0));
}

/** A command keeps its tile while it falls; ghosts, cut parts and what may be left are others. */
function keyOf(piece: Piece, index: number): string {
  if (piece.tornAt !== null) return `${index}-torn`;
  if (piece.state === "lost") return `${index}-ghost-${piece.row}`;
  return piece.state === "maybe" ? `${index}-maybe` : String(index);
}

function box(piece: Piece, entries: LogEntry[], to: number, scale: Scale, rows: Rows): TileBox {
  const x = scale.x(piece.from);
  const full = (to - piece.from) * scale.perByte;
  const gap = full > 3 * GAP ? GAP : Math.min(1, full / 3);
  const width = Math.max(full - gap, 1);
  const size = sizeFor(full);
  const band = rows[piece.row];
  const height = heightFor(size, band, rows.inset);
  return {
    key: keyOf(piece, entries[0]?.index ?? 0),
    row: piece.row,
    state: piece.state,
    size,
    x: x + gap / 2,
    y: band.y + band.height - height,
    width,
    height,
    entries,
    tornAt: piece.tornAt,
    ghost: piece.ghost ?? false,
    merged: entries.length > 1,
  };
}

/** Positions that get a number on the ruler: ends always, the rest where their digits fit. */
export function rulerMarks(
  snapshot: Snapshot,
  scale: Scale,
): { at: number; x: number; label: boolean }[] {
  const bounds = [scale.base, ...snapshot.log.map((entry) => entry.to)];
  const wide = (position: number) => String(position).length * 7.5 + 12;
  const last = bounds.at(-1) ?? scale.base;
  let right = -Infinity;
  const thin =
    snapshot.log.length > 0 &&
    ((last - scale.base) * scale.perByte) / snapshot.log.length < MERGE_WIDTH;
  const marks: { at: number; x: number; label: boolean }[] = [];
  for (const at of bounds) {
    const x = scale.x(at);
    const half = wide(at) / 2;
    const fits = x - half >= right && (at === last || x + half <= scale.x(last) - wide(last) / 2);
    if (fits || at === last) {
      right = x + half;
      marks.push({ at, x, label: true });
    } else if (!thin) {
      marks.push({ at, x, label: false });
    }
  }
  return marks;
}

export interface CaptionPlace {
  row: RowName;
  x: number;
  width: number;
  /** where the tile it speaks of is, or null */
  arrow: { side: "left" | "right" | "up" | "down"; x: number } | null;
}

const CAPTION_MOST = 362;
/** A caption that speaks of no tile may be wider. */
const CAPTION_FREE = 424;
const CAPTION_LEAST = 200;
const ARROW = 19;

/** Top of a caption: centred on its row, but never over a line, a label or the row above. */
export function captionTop(row: RowName, rows: Rows, height: number): number {
  const band = captionBand(row, rows);
  const middle = rows[row].y + rows[row].height / 2;
  return Math.max(band.top, Math.min(middle - height / 2, band.bottom - height));
}

function captionBand(row: RowName, rows: Rows): { top: number; bottom: number } {
  if (row === "memory") {
    return {
      top: rows.dataset
        ? rows.dataset.y + rows.dataset.height + 6
        : rows.top + (rows.inset ? 37 : 4),
      bottom: rows.kill - 13,
    };
  }
  if (row === "cache") return { top: rows.kill + (rows.inset ? 38 : 34), bottom: rows.power - 13 };
  return { top: rows.power + (rows.inset ? 40 : 34), bottom: rows.base - (rows.inset ? 2 : 30) };
}

/**
 * The free stretch nearest to the tile that a caption speaks of. Commands never share an x, so one
 * of the rows always has room unless the drawing is very narrow; then the caption goes below.
 */
export function captionPlace(
  tiles: TileBox[],
  focus: [number, number] | null,
  width: number,
  view: number,
): CaptionPlace | null {
  const anchor = focus
    ? tiles.findLast((t) => t.entries.some((e) => e.index >= focus[0] && e.index < focus[1]))
    : undefined;
  const order: RowName[] = ["memory", "cache", "disk"];
  let best: { place: CaptionPlace; score: number } | null = null;
  for (const row of order) {
    const inRow = tiles.filter((t) => t.row === row);
    for (const [from, to] of freeStretches(inRow, width)) {
      const free = to - from;
      if (free < CAPTION_LEAST) continue;
      const distance = anchor
        ? Math.abs(order.indexOf(row) - order.indexOf(anchor.row))
        : order.indexOf(row);
      const score =
        Math.min(free, CAPTION_MOST + ARROW) + (distance === 0 ? 160 : 0) - 40 * distance;
      if (!best || score > best.score)
        best = { place: placeIn(row, from, to, anchor, view), score };
    }
  }
  return best ? best.place : null;
}

function freeStretches(inRow: TileBox[], width: number): [number, number][] {
  const free: [number, number][] = [];
  let from = 0;
  for (const tile of [...inRow].sort((a, b) => a.x - b.x)) {
    if (tile.x > from) free.push([from, tile.x]);
    from = Math.max(from, tile.x + tile.width);
  }
  if (width > from) free.push([from, width]);
  return free;
}

function placeIn(
  row: RowName,
  from: number,
  to: number,
  anchor: TileBox | undefined,
  view: number,
): CaptionPlace {
  const fixed = { row };
  // Where the log scrolls, caption and tile must be in view together.
  const most = view < to ? Math.min(CAPTION_MOST, view - 118) : CAPTION_MOST;
  if (!anchor) {
    const width = Math.min(CAPTION_FREE, to - from - 8, view - 8);
    return { ...fixed, x: from + 2, width, arrow: null };
  }
  if (anchor.row === row) {
    const width = Math.min(most, to - from - ARROW - 2);
    const toTheRight = anchor.x >= to - 1;
    const x = toTheRight ? to - ARROW - width : from + ARROW;
    return { ...fixed, x, width, arrow: { side: toTheRight ? "right" : "left", x: 0 } };
  }
  const centre = anchor.x + anchor.width / 2;
  const width = Math.min(most, to - from - 4);
  const x = Math.max(from + 2, Math.min(centre - width / 2, to - width - 2));
  const inside = centre > x + 16 && centre < x + width - 16;
  const order: RowName[] = ["memory", "cache", "disk"];
  const side = order.indexOf(anchor.row) > order.indexOf(row) ? "down" : "up";
  return { ...fixed, x, width, arrow: inside ? { side, x: centre - x } : null };
}
