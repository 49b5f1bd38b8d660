// Made-up runs: the one of the design's pictures, and the ones that are hard to draw.
import type { Piece, RewriteView, Verdict, VerdictRow } from "../src/scene/view";

export interface Case {
  view: RewriteView;
  risk: number;
  caption: string;
  zh: string;
  speaker: "parent" | "child";
  towards: "pipes" | "files" | null;
}

const piece = (text: string, bytes: number, twin: number | null = null): Piece => ({
  text,
  bytes,
  twin,
  count: 1,
});
const many = <T>(count: number, of: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => of(i));

const head = [
  piece("SELECT 0", 23),
  piece("SET a 1", 27),
  piece("SET b 2", 27),
  piece("SET c 3", 27),
  piece("SET d 4", 27),
  ...many(100, () => piece("INCR n", 21)),
];
const since = [
  piece("SELECT 0", 23),
  piece("INCR n", 21, 1),
  piece("DEL b", 20, 2),
  piece("INCR n", 21, 3),
  piece("SET e 5", 27, 4),
];
const rewritten = [
  piece("SELECT 0", 23),
  piece("SET a 1", 27),
  piece("SET b 2", 27),
  piece("SET c 3", 27),
  piece("SET d 4", 27),
  piece("SET n 100", 29),
];

export const picture: RewriteView = {
  stage: "child",
  cause: "asked",
  forkedAtUs: 8_000_000,
  gatesHeld: false,
  loopBlockedUs: 0,
  parent: {
    pid: 4240,
    keys: [
      { key: "n", text: "102", state: "changed" },
      { key: "a", text: "1", state: "same" },
      { key: "b", text: "2", state: "deleted" },
      { key: "c", text: "3", state: "same" },
      { key: "d", text: "4", state: "same" },
      { key: "e", text: "5", state: "added" },
    ],
    keysTotal: 5,
    changed: 3,
    aofBufBytes: 0,
  },
  child: {
    pid: 4242,
    alive: true,
    stage: "asking",
    exit: null,
    keys: [
      { key: "n", text: "100", state: "changed" },
      { key: "a", text: "1", state: "same" },
      { key: "b", text: "2", state: "changed" },
      { key: "c", text: "3", state: "same" },
      { key: "d", text: "4", state: "same" },
    ],
    keysDone: 5,
    keysTotal: 5,
    commands: 6,
    writtenBytes: 160,
    diff: since.slice(0, 2),
    diffBytes: 44,
  },
  pages: { total: 32, split: [3, 10, 21], splitNow: [21] },
  diff: {
    blockBytes: 64,
    freedBlocks: 1,
    blocks: [{ number: 2, capacity: 64, sent: 0, pieces: since.slice(3) }],
    waitingBytes: 48,
    sentBytes: 64,
    stopSending: false,
  },
  pipes: {
    data: { capacity: 65_536, bytes: 20, pieces: [since[2]!] },
    stop: { capacity: 65_536, bytes: 1, pieces: [piece("!", 1)] },
    ack: { capacity: 65_536, bytes: 0, pieces: [] },
  },
  files: [
    {
      inode: 17,
      role: "old",
      lengthBytes: 2343,
      durableBytes: 2295,
      openDescriptor: 7,
      parts: [{ kind: "log", bytes: 2343 }],
      pieces: [...head, ...since],
      piecesTotal: 110,
    },
    {
      inode: 18,
      role: "new",
      lengthBytes: 160,
      durableBytes: 0,
      openDescriptor: 8,
      parts: [{ kind: "rewritten", bytes: 160 }],
      pieces: rewritten,
      piecesTotal: 6,
    },
  ],
  directory: [
    { name: "appendonly.aof", cached: 17, durable: 17 },
    { name: "temp-rewriteaof-4242.aof", cached: 18, durable: null },
  ],
  recovered: {
    old: { keys: 5, text: "n=102, a=1, c=3, d=4, e=5" },
    new: { keys: 5, text: "n=100, a=1, b=2, c=3, d=4" },
  },
  before: { bytes: 2231, commands: 105, keys: 5 },
  after: { bytes: 160, commands: 6 },
  foreground: null,
  redundant: [
    { subject: "key", key: "n", keys: 1, becomes: "SET n 100", commands: 100, bytes: 2100, newCommands: 1, newBytes: 29 },
    { subject: "frame", key: "", keys: 0, becomes: "", commands: 1, bytes: 23, newCommands: 1, newBytes: 23 },
    { subject: "rest", key: "", keys: 4, becomes: "", commands: 4, bytes: 108, newCommands: 4, newBytes: 108 },
  ],
};

type Change<T> = {
  [K in keyof T]?: T[K] extends readonly unknown[]
    ? T[K]
    : T[K] extends object | null
      ? Partial<NonNullable<T[K]>> | null
      : T[K];
};

function changed(view: RewriteView, change: Change<RewriteView>): RewriteView {
  const next = structuredClone(view) as unknown as Record<string, unknown>;
  for (const [key, value] of Object.entries(change)) {
    const old = next[key];
    next[key] =
      value && old && typeof value === "object" && !Array.isArray(value)
        ? { ...(old as object), ...value }
        : value;
  }
  return next as unknown as RewriteView;
}

const [oldFile, newFile] = picture.files as [
  RewriteView["files"][number],
  RewriteView["files"][number],
];
const stop = {
  caption:
    "The child wrote \u0001!\u0003 into the stop pipe: send no more. The parent still holds 48 bytes and will append them itself.",
  zh: "子进程往停止管道写了 \u0001!\u0003：别再发了。父进程手里还有 48 字节，稍后自己追加。",
  speaker: "child" as const,
  towards: "pipes" as const,
};
const plainStep = {
  caption:
    "The server ran \u0001INCR n\u0003 and added its 21 bytes to \u0001aof_buf\u0003 and to the rewrite buffer. They are only in memory.",
  zh: "服务器执行了 \u0001INCR n\u0003，把它的 21 字节放进 \u0001aof_buf\u0003 和重写缓冲，目前只在内存里。",
  speaker: "parent" as const,
  towards: null,
};
const newParts = [
  { kind: "rewritten" as const, bytes: 160 },
  { kind: "diff" as const, bytes: 112 },
];
const complete = {
  ...newFile,
  lengthBytes: 272,
  durableBytes: 272,
  parts: newParts,
  pieces: [...rewritten, ...since],
  piecesTotal: 11,
};
const exited = { alive: false, stage: "exited" as const, exit: { code: 0 } };
const emptyPipes = {
  data: { capacity: 65_536, bytes: 0, pieces: [] },
  stop: { capacity: 65_536, bytes: 0, pieces: [] },
  ack: { capacity: 65_536, bytes: 0, pieces: [] },
};

export const renamed = changed(picture, {
  stage: "syncing-directory",
  gatesHeld: true,
  child: { ...exited, diffBytes: 64, diff: since.slice(0, 3) },
  diff: { blocks: [], freedBlocks: 2, waitingBytes: 0, sentBytes: 64, stopSending: true },
  pipes: emptyPipes,
  files: [{ ...oldFile, durableBytes: 2343 }, complete],
  directory: [
    { name: "appendonly.aof", cached: 18, durable: 17 },
    { name: "temp-rewriteaof-bg-4242.aof", cached: null, durable: 18 },
  ],
  recovered: {
    old: { keys: 5, text: "n=102, a=1, c=3, d=4, e=5" },
    new: { keys: 5, text: "n=102, a=1, c=3, d=4, e=5" },
  },
});

const done = changed(renamed, {
  stage: "done",
  gatesHeld: false,
  files: [
    { ...oldFile, durableBytes: 2343, openDescriptor: null },
    {
      ...complete,
      lengthBytes: 320,
      pieces: [...complete.pieces, piece("SELECT 0", 23), piece("SET f 6", 27)].slice(0, 13),
      piecesTotal: 13,
      lengthBytes2: 0,
      parts: [...newParts, { kind: "log", bytes: 50 }],
    } as never,
  ],
  directory: [{ name: "appendonly.aof", cached: 18, durable: 18 }],
});
(done.files[1] as { lengthBytes: number }).lengthBytes = 322;

const long = "user:4f3c2b1a-9d8e-7f6a:session:permissions:by-team";
const big = changed(picture, {
  parent: {
    keys: many(220, (i) => ({
      key: i % 7 === 3 ? `${long}:${i}` : `key:${i}`,
      text: i % 5 === 0 ? "x".repeat(60) : String(i * 1_234_567),
      state:
        i % 11 === 4
          ? ("changed" as const)
          : i % 37 === 5
            ? ("deleted" as const)
            : ("same" as const),
    })),
    keysTotal: 1_234_567,
    changed: 204_811,
    aofBufBytes: 8_388_608,
  },
  child: {
    keys: many(200, (i) => ({
      key: `${long}:${i}`,
      text: `value of ${i}`,
      state: "same" as const,
    })),
    keysTotal: 1_200_000,
    keysDone: 734_212,
    commands: 761_998,
    writtenBytes: 48_123_456,
    stage: "writing",
    diff: many(200, (i) => piece(`HSET ${long} field${i} ${i}`, 97, i + 1)),
    diffBytes: 7_712_345,
  },
  pages: { total: 5_120, split: many(900, (i) => piece("", i)).map((_, i) => i * 5), splitNow: [] },
  diff: {
    blockBytes: 10_485_760,
    freedBlocks: 12,
    blocks: many(9, (i) => piece("", i)).map((_, i) => ({
      number: 13 + i,
      capacity: 10_485_760,
      sent: i === 0 ? 3_000_000 : 0,
      pieces: many(120, (j) => piece(`HSET ${long} field${j} ${j}`, 87_381, 1_000 + j)),
    })),
    waitingBytes: 91_111_222,
    sentBytes: 128_829_120,
    stopSending: false,
  },
  pipes: {
    data: {
      capacity: 65_536,
      bytes: 65_536,
      pieces: many(100, (i) => piece(`HSET ${long} f ${i}`, 655, 201 + i)),
    },
    stop: { capacity: 65_536, bytes: 0, pieces: [] },
    ack: { capacity: 65_536, bytes: 0, pieces: [] },
  },
  files: [
    {
      ...oldFile,
      lengthBytes: 1_073_741_824,
      durableBytes: 1_073_641_824,
      pieces: many(200, (i) => piece(`HSET ${long} field${i} ${i}`, 1_000, i + 1)),
      piecesTotal: 9_123_456,
    },
    {
      ...newFile,
      lengthBytes: 48_123_456,
      durableBytes: 33_554_432,
      pieces: many(100, (i) => piece(`SET ${long}:${i} ${i}`, 120_000)),
      piecesTotal: 761_998,
    },
  ],
  before: { bytes: 1_061_234_567, commands: 9_000_123, keys: 1_200_000 },
  after: null,
  redundant: many(5, (i) => piece("", i)).map((_, i) => ({
    subject: "key" as const,
    key: `${long}:${i}`,
    keys: 1,
    becomes: `HSET ${long}:${i} a 1 b 2`,
    commands: 1_000_000 - i,
    bytes: 123_456_789 - i,
    newCommands: 1,
    newBytes: 1_234,
  })),
});

const limbo = changed(renamed, {
  stage: "limbo",
  files: [
    { ...oldFile, durableBytes: 2343 },
    {
      ...complete,
      lengthBytes: 322,
      pieces: [...complete.pieces, piece("SELECT 0", 23), piece("SET f 6", 27)],
      piecesTotal: 13,
      parts: [...newParts, { kind: "log" as const, bytes: 50 }],
    },
  ],
  recovered: {
    old: { keys: 5, text: "n=102, a=1, c=3, d=4, e=5" },
    new: { keys: 6, text: "n=102, a=1, c=3, d=4, e=5, f=6" },
  },
});

const names = changed(picture, {
  stage: "renaming",
  files: [
    { ...oldFile, durableBytes: 2343 },
    { ...complete, durableBytes: 160 },
  ],
  directory: [
    {
      name: `${"appendonly-of-the-billing-service-in-region-eu-west-3"}.aof`,
      cached: 17,
      durable: 17,
    },
    { name: "temp-rewriteaof-4242.aof", cached: null, durable: 18 },
    { name: "temp-rewriteaof-bg-4242.aof", cached: 18, durable: null },
  ],
});

export const cases: Record<string, Case[]> = {
  limbo: [{ view: limbo, risk: 1, ...plainStep }],
  names: [{ view: names, risk: 0, ...plainStep }],
  swing: [
    {
      view: changed(renamed, {
        stage: "renaming",
        directory: [
          { name: "appendonly.aof", cached: 17, durable: 17 },
          { name: "temp-rewriteaof-bg-4242.aof", cached: 18, durable: 18 },
        ],
      }),
      risk: 0,
      ...plainStep,
    },
    { view: renamed, risk: 0, ...plainStep },
    { view: done, risk: 0, ...plainStep },
  ],
  picture: [{ view: picture, risk: 2, ...stop }],
  renamed: [{ view: renamed, risk: 0, ...plainStep }],
  done: [{ view: done, risk: 2, ...plainStep }],
  big: [{ view: big, risk: 14, ...plainStep }],
  moving: [
    {
      view: changed(picture, {
        child: { ...picture.child, stage: "draining", diff: [], diffBytes: 0 },
        pipes: { ...emptyPipes, data: { capacity: 65_536, bytes: 44, pieces: since.slice(0, 2) } },
        diff: {
          ...picture.diff,
          freedBlocks: 0,
          blocks: [
            { number: 1, capacity: 64, sent: 44, pieces: [since[2]!] },
            picture.diff.blocks[0]!,
          ].map((b, i) => ({ ...b, number: i + 1 })),
          waitingBytes: 68,
        },
      }),
      risk: 2,
      ...plainStep,
    },
    { view: picture, risk: 2, ...stop },
    {
      view: changed(picture, {
        files: [
          { ...oldFile, durableBytes: 2343 },
          { ...newFile, durableBytes: 160 },
        ],
        pages: { total: 32, split: [3, 10, 21, 30], splitNow: [30] },
      }),
      risk: 0,
      ...plainStep,
    },
  ],
  fork: [
    {
      view: changed(picture, {
        parent: {
          ...picture.parent,
          keys: picture.child.keys.map((k) => ({ ...k, state: "same" as const })),
          changed: 0,
        },
        child: {
          ...picture.child,
          keys: picture.child.keys.map((k) => ({ ...k, state: "same" as const })),
          stage: "writing",
          keysDone: 0,
          commands: 0,
          writtenBytes: 0,
          diff: [],
          diffBytes: 0,
        },
        pages: { total: 32, split: [], splitNow: [] },
        diff: { ...picture.diff, freedBlocks: 0, blocks: [], waitingBytes: 0, sentBytes: 0 },
        pipes: emptyPipes,
        files: [
          { ...oldFile, lengthBytes: 2231, durableBytes: 2231, pieces: head, piecesTotal: 105 },
        ],
        directory: [{ name: "appendonly.aof", cached: 17, durable: 17 }],
        after: null,
        redundant: [],
      }),
      risk: 0,
      ...plainStep,
    },
  ],
  turning: [
    {
      view: changed(picture, {
        cause: "turning-on",
        files: [{ ...newFile, lengthBytes: 104, pieces: rewritten.slice(0, 4), piecesTotal: 4 }],
        directory: [{ name: "temp-rewriteaof-4242.aof", cached: 18, durable: null }],
        before: { bytes: 0, commands: 0, keys: 5 },
        after: null,
        redundant: [],
      }),
      risk: 0,
      ...plainStep,
    },
  ],
  killed: [
    {
      view: changed(picture, {
        stage: "failed",
        child: {
          ...picture.child,
          alive: false,
          stage: "exited",
          exit: { signal: 9 },
          diff: [],
          diffBytes: 0,
        },
        diff: { ...picture.diff, blocks: [], waitingBytes: 0 },
        pipes: emptyPipes,
        files: [oldFile],
        directory: [{ name: "appendonly.aof", cached: 17, durable: 17 }],
      }),
      risk: 2,
      ...plainStep,
    },
  ],
  buffered: [
    {
      view: changed(picture, {
        parent: { ...picture.parent, aofBufBytes: 27 },
        files: [
          { ...oldFile, durableBytes: 0 },
          { ...newFile, durableBytes: 104 },
        ],
      }),
      risk: 8,
      ...plainStep,
    },
  ],
};

export function verdictOf(risk: number): Verdict {
  const row = (maybe: number): VerdictRow => ({
    sure: 108 - maybe,
    of: 108,
    chips: since
      .slice(3, 3 + Math.min(maybe, 8))
      .map((one) => ({ label: one.text.split(" ")[1] ?? "", command: one.text, fate: "maybe" })),
    lost: 0,
    maybe,
    riskBytes: maybe * 24,
    riskFrom: 2295,
    riskTo: 2343,
    riskUs: 700_000,
  });
  return {
    killed: row(risk > 4 ? 1 : 0),
    power: row(risk),
    diskError: { ...row(risk), then: "refuses-writes" },
  };
}
