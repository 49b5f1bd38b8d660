// Where the cards of the rename scene stand and where its arrows run, in CSS px from the top of the
// scene. Arrows join an entry of a directory with an inode; nothing here knows what a sync is.
import type { FileView, RewriteView } from "../scene/view";

export const ROW = 46;
export const PAD = 16;
export const INODE = 134;
const TOP = 36;
const BETWEEN = 92;
/** From the top of a card to the middle of its first row, and of the first arrow into an inode. */
const PORT = PAD + ROW / 2;

export interface Entry {
  name: string;
  /** the inode this name points at here; null when there is no such name */
  inode: number | null;
  /** the disk may have this entry or not */
  maybe: boolean;
}

/**
 * Entries as the kernel shows them, and as the disk holds them. A name that this step took away
 * from both is shown for that step, as one that does not exist.
 */
export function entriesOf(
  view: RewriteView,
  before: RewriteView | null = null,
): { cached: Entry[]; disk: Entry[] } {
  const exists = (one: { cached: number | null; durable: number | null }) =>
    one.cached !== null || one.durable !== null;
  const named = view.directory.filter(exists);
  const gone = (before?.directory ?? [])
    .filter((one) => exists(one) && !named.some((other) => other.name === one.name))
    .map((one) => ({ name: one.name, cached: null, durable: null }));
  named.push(...gone);
  return {
    cached: named.map((one) => ({ name: one.name, inode: one.cached, maybe: false })),
    disk: named.map((one) => {
      const maybe = (one.durable === null) !== (one.cached === null);
      return { name: one.name, inode: one.durable ?? one.cached, maybe };
    }),
  };
}

export interface Arrow {
  from: "cached" | "disk";
  name: string;
  inode: number;
  maybe: boolean;
  y1: number;
  y2: number;
}

export interface Layout {
  rows: number;
  cachedTop: number;
  diskTop: number;
  card: number;
  height: number;
  inodes: { inode: number; top: number }[];
  arrows: Arrow[];
}

/** The new file stands above the old one, beside the directory that saw it first. */
export function layoutOf(view: RewriteView, was: RewriteView | null = null): Layout {
  const { cached, disk } = entriesOf(view, was);
  const rows = Math.max(2, cached.length);
  const card = rows * ROW + 2 * PAD;
  const diskTop = TOP + card + BETWEEN;
  const fresh = view.files.filter((file) => file.role === "new");
  const old = view.files.filter((file) => file.role === "old");
  const place = (file: FileView, top: number) => ({ inode: file.inode, top });
  const both = fresh.length > 0 && old.length > 0;
  const inodes = [
    ...fresh.slice(0, 1).map((file) => place(file, TOP)),
    ...old.slice(0, 1).map((file) => place(file, both ? diskTop : TOP)),
  ];
  const taken = new Map<string, number>();
  const isNew = (inode: number) => fresh.some((file) => file.inode === inode);
  const arrows: Arrow[] = [];
  const add = (from: Arrow["from"], entries: readonly Entry[], top: number, maybe: boolean) => {
    entries.forEach((entry, index) => {
      const target = inodes.find((one) => one.inode === entry.inode);
      if (!target || entry.inode === null || entry.maybe !== maybe) return;
      // Arrows do not cross at their heads: what comes from above ends above.
      const group = `${from}${entry.inode}`;
      const before = taken.get(group) ?? 0;
      taken.set(group, before + 1);
      const level = isNew(entry.inode) === (from === "cached");
      const port = level ? before * 30 : from === "cached" ? -22 - before * 12 : 30 + before * 26;
      arrows.push({
        from,
        name: entry.name,
        inode: entry.inode,
        maybe,
        y1: top + PORT + index * ROW,
        y2: target.top + Math.max(8, Math.min(PORT + port, INODE - 12)),
      });
    });
  };
  add("cached", cached, TOP, false);
  add("disk", disk, diskTop, false);
  add("disk", disk, diskTop, true);
  const height = Math.max(diskTop + card, ...inodes.map((one) => one.top + INODE));
  return { rows, cachedTop: TOP, diskTop, card, height, inodes, arrows };
}

/** Straight across where both ends are level, else an S. */
export function curve(width: number, y1: number, y2: number): string {
  const half = width / 2;
  return Math.abs(y1 - y2) < 1
    ? `M0 ${y1}H${width}`
    : `M0 ${y1}C${half} ${y1} ${half} ${y2} ${width} ${y2}`;
}
