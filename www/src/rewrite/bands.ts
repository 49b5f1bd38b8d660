// One file as tiles in two bands: what the disk has below the power line, what only the page cache
// has above it. Both stand on one axis, so that a tile falls straight down when a sync completes.
import { fit, runsOf, type Fitted, type Run } from "../scene/fit";
import type { FileView, Piece } from "../scene/view";

export const BANDS = { cache: 45, power: 106, disk: 151, tile: 38, height: 212 } as const;
const GAP = 3;
/** Room for the label of the page cache, left of its first tile. */
const LABEL = 148;

export interface Placed extends Fitted {
  x: number;
  durable: boolean;
}

export interface Bands {
  tiles: Placed[];
  /** where the durable part ends and where the cached part ends, in px */
  durableEnd: number;
  cachedEnd: number;
  cachedBytes: number;
}

interface Split {
  durable: Run[];
  cached: Run[];
}

/** The records that end at or before `bytes`, and the others; a run of equal ones is cut between. */
function split(file: FileView): Split {
  const listed = file.pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  const missing = Math.max(0, file.lengthBytes - listed);
  const durable: Piece[] = [];
  const cached: Piece[] = [];
  let at = missing;
  for (const piece of file.pieces) {
    const each = piece.bytes / Math.max(1, piece.count);
    const below = Math.max(
      0,
      Math.min(piece.count, Math.floor((file.durableBytes - at) / Math.max(1, each))),
    );
    if (below > 0) durable.push({ ...piece, count: below, bytes: below * each });
    const above = piece.count - below;
    if (above > 0) cached.push({ ...piece, count: above, bytes: above * each });
    at += piece.bytes;
  }
  const missingBelow = Math.min(missing, file.durableBytes);
  const durableRuns = runsOf(durable, missingBelow);
  const start = durableRuns.reduce((sum, run) => sum + run.bytes, 0);
  const cachedRuns = runsOf(cached, missing - missingBelow).map((run) => ({
    ...run,
    at: run.at + start,
    key: run.text === null ? `cached-${run.key}` : `${run.at + start}`,
  }));
  return { durable: durableRuns, cached: cachedRuns };
}

/** Runs of many records look like many, where there is room to spare. */
function widened(tiles: readonly Fitted[], room: number): Fitted[] {
  const used = tiles.reduce((sum, tile) => sum + tile.width + GAP, 0);
  const runs = tiles.filter((tile) => tile.count > 1).length;
  const more = Math.max(0, Math.min(56, Math.floor((room - used) / Math.max(1, runs))));
  return tiles.map((tile) => (tile.count > 1 ? { ...tile, width: tile.width + more } : tile));
}

export function bandsOf(
  file: FileView,
  width: number,
  labelled: boolean,
  counted: (run: Run) => string,
): Bands {
  const { durable, cached } = split(file);
  const room = (most: number) => ({ width: most, gap: GAP, counted, drop: "oldest" as const });
  const least = durable.length > 0 ? Math.max(labelled ? LABEL : 0, Math.min(140, width * 0.3)) : 0;
  const above = fit(cached, room(width - least - GAP));
  const taken = above.reduce((sum, tile) => sum + tile.width + GAP, 0);
  const below = widened(fit(durable, room(width - taken)), width - taken);
  let x = 0;
  const tiles: Placed[] = [];
  for (const tile of below) {
    tiles.push({ ...tile, x, durable: true, key: tile.key === "rest" ? "durable-rest" : tile.key });
    x += tile.width + GAP;
  }
  const durableEnd = Math.max(0, x - GAP);
  if (labelled && above.length > 0) x = Math.min(Math.max(x, LABEL), Math.max(0, width - taken));
  for (const tile of above) {
    tiles.push({ ...tile, x, durable: false, key: tile.key === "rest" ? "cached-rest" : tile.key });
    x += tile.width + GAP;
  }
  const cachedBytes = Math.max(0, file.lengthBytes - file.durableBytes);
  return { tiles, durableEnd, cachedEnd: Math.max(0, x - GAP), cachedBytes };
}
