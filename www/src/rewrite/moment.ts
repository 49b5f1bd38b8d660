// What both languages need to know about a rewrite before they put it into words.
import { isLogOn } from "../text/facts";
import type { RewriteView, Snapshot } from "../types";

/** Whether a child takes what the parent sends. */
export function isLive(snapshot: Snapshot): boolean {
  return snapshot.rewrite?.stage === "child" && snapshot.rewrite.child.alive;
}

/** Pages that this step made private. */
export function splitPages(snapshot: Snapshot): number {
  return snapshot.rewrite?.pages.splitNow.length ?? 0;
}

/** The key that a command names, and what the child sees of it; null when it has none. */
export function changedKey(
  snapshot: Snapshot,
  words: readonly string[],
): { key: string; frozen: string | null } | null {
  const key = words[1];
  const view = snapshot.rewrite;
  if (key === undefined || words.length > 4 || !view) return null;
  if (!view.parent.keys.some((cell) => cell.key === key && cell.state !== "same")) return null;
  return { key, frozen: view.child.keys.find((cell) => cell.key === key)?.text ?? null };
}

/** Whether the child has ended and its file is worth nothing. */
export function hasFailed({ child }: RewriteView): boolean {
  if (child.alive || child.exit === null) return false;
  return !("code" in child.exit) || child.exit.code !== 0;
}

/** Whether the server itself asked the child to end, with SIGUSR1. */
export function wasCalledOff({ child }: RewriteView): boolean {
  return child.exit !== null && "signal" in child.exit && child.exit.signal === 10;
}

/** Whether the old log did not hold all that memory did, so that the new one says something else. */
export function isFromMemory({ cause }: RewriteView): boolean {
  return cause === "turning-on" || cause === "healing";
}

/** Bytes that the parent will have to append by itself. */
export function restOf(view: RewriteView): number {
  return view.diff.waitingBytes;
}

/** Whether a name leads to another file in memory than on the disk. */
export function isRenamed(snapshot: Snapshot): boolean {
  const files = snapshot.rewrite?.files.filter((file) => file.role === "new") ?? [];
  return snapshot.rewrite?.directory.some(
    (name) => name.cached !== name.durable && name.durable !== null && files.some((file) => file.inode === name.cached),
  ) ?? false;
}

/** Whether the moment is about the rewrite: while it goes on, and in the steps that end it. */
export function isTheMatter(snapshot: Snapshot): boolean {
  const stage = snapshot.rewrite?.stage;
  // What is refused or at risk comes first.
  if (stage === undefined || (snapshot.refusing && stage !== "limbo")) return false;
  if (!isLogOn(snapshot)) return false;
  const { power } = snapshot.verdict;
  if (stage === "done" && power.sure < power.of && !isRenamed(snapshot)) return false;
  if (stage !== "done" && stage !== "failed") return true;
  const { fact } = snapshot;
  return (
    isRenamed(snapshot) ||
    fact.kind === "rewrite" ||
    (fact.kind === "note" && fact.note.name === "rewrite")
  );
}

/** Whether the name of the log leads to the new file already, for processes at least. */
export function hasNewName(snapshot: Snapshot): boolean {
  const fresh = snapshot.rewrite?.files.find((file) => file.role === "new");
  if (!fresh) return false;
  return snapshot.directory.some(
    ({ name, cachedInode }) => cachedInode === fresh.inode && !name.startsWith("temp-rewriteaof-"),
  );
}

/** Whether anything was written since the fork. */
export function wroteSince(view: RewriteView): boolean {
  return view.diff.sentBytes + view.diff.waitingBytes > 0;
}

/** The key of which one of these commands says what many commands said. */
export function insteadOf(
  { rewrite }: Snapshot,
  commands: readonly string[],
): RewriteView["redundant"][number] | undefined {
  return rewrite?.redundant.find(
    (row) => row.newCommands === 1 && row.commands > 1 && commands.includes(row.becomes),
  );
}
