// Where the rows of the stage stand, in CSS px from its top. One table a layout, so that tiles,
// lines, labels and the verdict beside them read the same numbers.

export interface Band {
  y: number;
  height: number;
}

export interface Rows {
  /** first line of the command heads; null where the tiles carry the words alone */
  heads: number | null;
  ruler: number;
  /** where the tint of process memory begins */
  top: number;
  dataset: Band | null;
  memory: Band;
  kill: number;
  cache: Band;
  sync: number;
  power: number;
  disk: Band;
  base: number;
  height: number;
  /** labels inside the log instead of beside it */
  inset: boolean;
}

const WIDE: Rows = {
  heads: 24,
  ruler: 80,
  top: 104,
  dataset: { y: 117, height: 36 },
  memory: { y: 172, height: 76 },
  kill: 270,
  cache: { y: 292, height: 76 },
  sync: 377,
  power: 424,
  disk: { y: 446, height: 76 },
  base: 560,
  height: 588,
  inset: false,
};

const WIDE_CRASH: Rows = {
  heads: 18,
  ruler: 67,
  top: 84,
  dataset: null,
  memory: { y: 95, height: 56 },
  kill: 170,
  cache: { y: 188, height: 56 },
  sync: 252,
  power: 262,
  disk: { y: 281, height: 67 },
  base: 356,
  height: 368,
  inset: false,
};

const PHONE: Rows = {
  heads: null,
  ruler: 19,
  top: 31,
  dataset: null,
  memory: { y: 73, height: 50 },
  kill: 150,
  cache: { y: 195, height: 50 },
  sync: 252,
  power: 274,
  disk: { y: 318, height: 50 },
  base: 379,
  height: 381,
  inset: true,
};

/** Room for a caption in a row of the phone's stage, beyond which the rows below move down. */
const PHONE_CAPTION = 68;

/** The phone's rows with one of them grown, so that a long caption covers no line. */
export function grown(rows: Rows, row: "memory" | "cache" | "disk", caption: number): Rows {
  const more = Math.max(0, Math.ceil(caption) - PHONE_CAPTION);
  if (!rows.inset || more === 0) return rows;
  const shift = (band: Band): Band => ({ ...band, y: band.y + more });
  const base = { base: rows.base + more, height: rows.height + more };
  if (row === "disk") return { ...rows, ...base };
  const below = {
    sync: rows.sync + more,
    power: rows.power + more,
    disk: shift(rows.disk),
    ...base,
  };
  if (row === "cache") return { ...rows, ...below };
  return { ...rows, ...below, kill: rows.kill + more, cache: shift(rows.cache) };
}

export function rowsFor(phone: boolean, crashed: boolean): Rows {
  if (phone) return PHONE;
  return crashed ? WIDE_CRASH : WIDE;
}
