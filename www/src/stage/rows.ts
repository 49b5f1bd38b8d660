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
  heads: 24, ruler: 80, top: 104,
  dataset: { y: 117, height: 36 },
  memory: { y: 172, height: 76 }, kill: 270,
  cache: { y: 292, height: 76 }, sync: 377, power: 424,
  disk: { y: 446, height: 76 }, base: 560, height: 588,
  inset: false,
};

const WIDE_CRASH: Rows = {
  heads: 18, ruler: 67, top: 84,
  dataset: null,
  memory: { y: 95, height: 56 }, kill: 170,
  cache: { y: 188, height: 56 }, sync: 252, power: 262,
  disk: { y: 281, height: 67 }, base: 356, height: 368,
  inset: false,
};

const PHONE: Rows = {
  heads: null, ruler: 19, top: 31,
  dataset: null,
  memory: { y: 73, height: 50 }, kill: 150,
  cache: { y: 195, height: 50 }, sync: 254, power: 278,
  disk: { y: 322, height: 50 }, base: 388, height: 396,
  inset: true,
};

export function rowsFor(phone: boolean, crashed: boolean): Rows {
  if (phone) return PHONE;
  return crashed ? WIDE_CRASH : WIDE;
}
