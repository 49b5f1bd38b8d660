// The pure half of the rewrite's scenes: which tiles have room, and which files a name leads to.
// No browser is needed for these.
import { expect, test } from "@playwright/test";
import { entriesOf, layoutOf } from "../../www/src/rename/geometry.ts";
import { bandsOf } from "../../www/src/rewrite/bands.ts";
import {
  firstThatFits,
  fit,
  howMany,
  runsOf,
  type Room,
  type Run,
} from "../../www/src/scene/fit.ts";
import { countingFile, roleOf } from "../../www/src/scene/names.ts";
import type { Piece, RewriteView } from "../../web/src/types.ts";

type FileView = RewriteView["files"][number];

const piece = (text: string, bytes: number, twin: number | null = null, count = 1): Piece => ({
  text,
  bytes,
  twin,
  count,
});

const room = (width: number, drop: "oldest" | "newest" = "oldest"): Room => ({
  width,
  gap: 3,
  counted: (run) => `${run.count} writes`,
  drop,
});

/** Numbers between 0 and 1 that are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

function drawPieces(draw: Iterator<number>): Piece[] {
  const next = () => draw.next().value as number;
  return Array.from({ length: Math.floor(next() * 40) }, (_, index) =>
    piece(
      next() < 0.4 ? "INCR n" : `SET ${"k".repeat(1 + Math.floor(next() * 60))}${index} ${index}`,
      1 + Math.floor(next() * 90),
      next() < 0.3 ? index + 1 : null,
    ),
  );
}

test("equal commands in a row are one tile, and a numbered one stays alone", () => {
  const runs = runsOf([
    piece("SELECT 0", 23),
    piece("INCR n", 2_100, null, 100),
    piece("INCR n", 21),
    piece("INCR n", 21, 1),
    piece("INCR n", 21, 2),
  ]);
  expect(runs.map((run) => [run.count, run.bytes, run.at])).toEqual([
    [1, 23, 0],
    [101, 2_121, 23],
    [1, 21, 2_144],
    [1, 21, 2_165],
  ]);
});

test("tiles never overflow their row, and never lose a byte", () => {
  const draw = numbers(4);
  const wrong: string[] = [];
  for (let round = 0; round < 2_000; round += 1) {
    const pieces = drawPieces(draw);
    const missing = (draw.next().value as number) < 0.3 ? 5_000 : 0;
    const width = 120 + Math.floor((draw.next().value as number) * 900);
    const drop = (draw.next().value as number) < 0.5 ? "oldest" : "newest";
    const runs = runsOf(pieces, missing);
    const tiles = fit(runs, room(width, drop));
    const used = tiles.reduce((sum, tile) => sum + tile.width + 3, -3);
    const bytes = (list: readonly Run[]) => list.reduce((sum, run) => sum + run.bytes, 0);
    if (used > Math.max(width, 24)) wrong.push(`round ${round}: ${used} px in ${width}`);
    if (bytes(tiles) !== bytes(runs)) wrong.push(`round ${round}: bytes are missing`);
    if (new Set(tiles.map((tile) => tile.key)).size !== tiles.length)
      wrong.push(`round ${round}: two tiles of one key`);
  }
  expect(wrong).toEqual([]);
});

test("a count is never made up: with older records unknown the bytes speak", () => {
  const many = Array.from({ length: 50 }, (_, index) => piece(`SET key${index} 1`, 30));
  const known = fit(runsOf(many), room(300));
  const unknown = fit(runsOf(many, 9_000), room(300));
  expect(known.reduce((sum, tile) => sum + tile.count, 0)).toBe(50);
  expect(unknown[0]?.count).toBe(0);
});

test("the first way with room for all is taken", () => {
  const runs = runsOf([piece("SET a 1", 27), piece("SET b 2", 27)]);
  const ways = [room(40), room(150), room(500)];
  expect(firstThatFits(runs, ways).way).toBe(1);
  expect(firstThatFits(runs, [room(30), room(31)]).way).toBe(1);
});

test("keys that do not fit leave room for the words that count them", () => {
  expect(howMany([50, 50, 50], 162, 6, 80)).toBe(3);
  expect(howMany([50, 50, 50], 161, 6, 80)).toBe(1);
  expect(howMany([50, 50, 50], 40, 6, 80)).toBe(0);
});

const file = (change: Partial<FileView>): FileView => ({
  inode: 17,
  role: "old",
  lengthBytes: 0,
  durableBytes: 0,
  openDescriptor: 8,
  parts: [],
  pieces: [],
  piecesTotal: 0,
  ...change,
});

test("what is synced lies below the power line, to the byte", () => {
  const draw = numbers(9);
  const wrong: string[] = [];
  for (let round = 0; round < 1_000; round += 1) {
    const pieces = drawPieces(draw).map((one) => ({ ...one, twin: null }));
    const length = pieces.reduce((sum, one) => sum + one.bytes, 0);
    const durable = Math.floor((draw.next().value as number) * (length + 1));
    const drawn = bandsOf(
      file({ lengthBytes: length, durableBytes: durable, pieces, piecesTotal: pieces.length }),
      900,
      true,
      (run) => `${run.count} writes`,
    );
    const below = drawn.tiles.filter((tile) => tile.durable);
    const bytes = below.reduce((sum, tile) => sum + tile.bytes, 0);
    // Whole records only: the largest sum of records that the disk certainly has.
    let whole = 0;
    for (const one of pieces) {
      if (whole + one.bytes > durable) break;
      whole += one.bytes;
    }
    if (bytes !== whole) wrong.push(`round ${round}: ${bytes} of ${whole} below the line`);
    const all = drawn.tiles.reduce((sum, tile) => sum + tile.bytes, 0);
    if (all !== length) wrong.push(`round ${round}: ${all} of ${length} drawn`);
    if (drawn.tiles.some((tile) => !tile.durable && tile.x < drawn.durableEnd))
      wrong.push(`round ${round}: a cached tile above a durable one`);
  }
  expect(wrong).toEqual([]);
});

/** As much of a view as names and inodes need. */
function view(directory: RewriteView["directory"]): RewriteView {
  const files = [
    file({ inode: 18, role: "new", openDescriptor: 15 }),
    file({ inode: 17, openDescriptor: null }),
  ];
  return { directory, files } as unknown as RewriteView;
}

const moments: [string, RewriteView["directory"], string, string, number | null][] = [
  [
    "before the rename",
    [
      { name: "a.aof", cached: 17, durable: 17 },
      { name: "temp-rewriteaof-1.aof", cached: 18, durable: null },
    ],
    "not-yet",
    "counts",
    17,
  ],
  ["after it", [{ name: "a.aof", cached: 18, durable: 17 }], "once-synced", "on-disk-still", 17],
  [
    "after the sync of the directory",
    [{ name: "a.aof", cached: 18, durable: 18 }],
    "counts",
    "gone",
    18,
  ],
  [
    "a first log",
    [{ name: "temp-rewriteaof-1.aof", cached: 18, durable: null }],
    "not-yet",
    "gone",
    null,
  ],
];

for (const [name, directory, fresh, old, counts] of moments) {
  test(`which file counts: ${name}`, () => {
    const now = view(directory);
    const [one, other] = now.files as [FileView, FileView];
    expect(roleOf(now, one)).toBe(fresh);
    expect(roleOf(now, other)).toBe(old);
    expect(countingFile(now)?.inode ?? null).toBe(counts);
  });
}

test("a rename moves one arrow, and only its head", () => {
  const before = layoutOf(view([{ name: "a.aof", cached: 17, durable: 17 }]));
  const after = layoutOf(view([{ name: "a.aof", cached: 18, durable: 17 }]));
  const arrow = (layout: typeof before, from: "cached" | "disk") =>
    layout.arrows.find((one) => one.from === from);
  expect(arrow(before, "cached")?.inode).toBe(17);
  expect(arrow(after, "cached")?.inode).toBe(18);
  expect(arrow(after, "cached")?.y1).toBe(arrow(before, "cached")?.y1);
  expect(arrow(after, "disk")?.inode).toBe(17);
  expect(arrow(after, "disk")?.y1).toBe(arrow(before, "disk")?.y1);
});

test("a name that one of the directories does not have may be on the disk or not", () => {
  const { cached, disk } = entriesOf(
    view([
      { name: "a.aof", cached: 18, durable: 17 },
      { name: "temp-b.aof", cached: null, durable: 18 },
      { name: "temp-c.aof", cached: 18, durable: null },
      { name: "never.aof", cached: null, durable: null },
    ]),
  );
  expect(cached.map((one) => one.inode)).toEqual([18, null, 18]);
  expect(disk.map((one) => [one.inode, one.maybe])).toEqual([
    [17, false],
    [18, true],
    [18, true],
  ]);
});
