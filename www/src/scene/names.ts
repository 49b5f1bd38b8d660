// Which name points at which file, in the kernel's directory and in the one on disk.
import type { FileView, RewriteView } from "./view";

export interface Standing {
  /** the name by which open() finds it now */
  cached: string | null;
  /** the name under which a reboot would find it */
  durable: string | null;
}

export function standingOf(view: RewriteView, file: FileView): Standing {
  const name = (of: "cached" | "durable") =>
    view.directory.find((entry) => entry[of] === file.inode)?.name ?? null;
  return { cached: name("cached"), durable: name("durable") };
}

/** The name of the log itself: the one that no child made. */
export function logName(view: RewriteView): string | null {
  return view.directory.find((entry) => !entry.name.startsWith("temp-"))?.name ?? null;
}

export type Role = "counts" | "on-disk-still" | "once-synced" | "not-yet" | "open" | "gone";

/** What a file is at this step. */
export function roleOf(view: RewriteView, file: FileView): Role {
  const log = logName(view);
  const { cached, durable } = standingOf(view, file);
  if (log !== null && cached === log && durable === log) return "counts";
  if (log !== null && durable === log) return "on-disk-still";
  if (log !== null && cached === log) return "once-synced";
  if (cached !== null || durable !== null) return "not-yet";
  return file.openDescriptor !== null ? "open" : "gone";
}

/** The file that a reboot after a power cut would load. */
export function countingFile(view: RewriteView): FileView | null {
  const log = logName(view);
  const inode = view.directory.find((entry) => entry.name === log)?.durable ?? null;
  return view.files.find((file) => file.inode === inode) ?? null;
}
