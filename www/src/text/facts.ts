// What both languages need to know about a fact before they put it into words.
import type { LogEntry, Snapshot, StepFact } from "../types";
import { commandText, keyed, shortened } from "./format";

/** A command in a caption: short enough that the sentence keeps its length. */
export function spoken(words: readonly string[], most = 24): string {
  return shortened(commandText(words), most);
}

export function spokenText(command: string | undefined, most = 24): string {
  return shortened(command ?? "", most);
}

/** Entries whose bytes lie in a range of the log. */
export function entriesIn(snapshot: Snapshot, from: number, to: number): LogEntry[] {
  return snapshot.log.filter((entry) => entry.from >= from && entry.to <= to);
}

/** Writes of clients that a sync made durable just now, by name and key, oldest first. */
export function namedWrites(snapshot: Snapshot, from: number, to: number): string[] {
  return entriesIn(snapshot, from, to)
    .filter((entry) => entry.origin === "client")
    .map((entry) => keyed(entry.words, 14));
}

/** Bytes that the log added by itself before a command, to select its database. */
export function selectsFirst(snapshot: Snapshot, from: number, to: number): boolean {
  const first = entriesIn(snapshot, from, to)[0];
  return first?.origin === "log" && first.words[0]?.toUpperCase() === "SELECT";
}

/** Whether writes are logged. While no server runs the question has no answer, and this is true. */
export function isLogOn(snapshot: Snapshot): boolean {
  const state = logState(snapshot);
  return state === null || state === "AOF_ON";
}

/** Whether the log is on its way, but writes are not logged before its first rewrite is complete. */
export function waitsForRewrite(snapshot: Snapshot): boolean {
  return logState(snapshot) === "AOF_WAIT_REWRITE";
}

function logState(snapshot: Snapshot): string | null {
  return snapshot.fields.find(({ name }) => name === "aof_state")?.value ?? null;
}

export function isQueued(fact: Extract<StepFact, { kind: "command" }>): boolean {
  return fact.replyText === "QUEUED" || fact.replyText === "+QUEUED";
}

/** Acknowledged writes on the disks that a crash could leave: fewest, most, and of how many. */
export function survivors(snapshot: Snapshot): { least: number; most: number; of: number } {
  const groups = snapshot.crash?.groups ?? [];
  const kept = groups.map((group) => group.keptWrites);
  const of = groups[0] ? groups[0].keptWrites + groups[0].lostWrites : snapshot.verdict.power.of;
  return {
    least: kept.length ? Math.min(...kept) : 0,
    most: kept.length ? Math.max(...kept) : 0,
    of,
  };
}

/** Writes of clients that every disk of a crash holds. */
export function keptNames(snapshot: Snapshot): string[] {
  return snapshot.log
    .filter((e) => e.origin === "client" && e.acknowledged && e.fate === "kept")
    .map((entry) => keyed(entry.words, 14));
}

/** Where a power cut would find another file under the name of the log than the one in use. */
export function undoneName(snapshot: Snapshot): { now: number; disk: number | null } | null {
  const log = snapshot.directory.find(({ name }) => !name.startsWith("temp-rewriteaof-"));
  if (!log || log.cachedInode === null || log.cachedInode === log.diskInode) return null;
  return { now: log.cachedInode, disk: log.diskInode };
}

/** Whether a power cut leaves what ends here: on disk, under its name, and with nothing at risk
 * before it. */
export function isSafe(snapshot: Snapshot, to: number): boolean {
  const { power } = snapshot.verdict;
  if (to > snapshot.synced || undoneName(snapshot) !== null) return false;
  return power.lost + power.maybe === 0 || to <= power.riskFrom;
}

/** Where the writes end that a reply answers. */
export function answeredTo(snapshot: Snapshot): number {
  const last = snapshot.focus.entries;
  return (last && snapshot.log[last[1] - 1]?.to) ?? snapshot.acknowledged;
}

/** The end of the file on disk, when it has gaps: no image of it is as short as what was synced. */
export function endBehindGap(snapshot: Snapshot, synced: number): number | null {
  const file = snapshot.crash?.files[0];
  if (!file || file.inode === null || snapshot.fileBytes !== snapshot.written) return null;
  return file.shortest > synced ? file.longest : null;
}

export function executedWrites(snapshot: Snapshot): number {
  return snapshot.log.filter((entry) => entry.origin === "client").length;
}

/** The one command that stands in the log for another one, such as SREM for SPOP. */
export function loggedAs(
  snapshot: Snapshot,
  fact: Extract<StepFact, { kind: "command" }>,
): string[] | null {
  const entries = entriesIn(snapshot, fact.from, fact.to);
  const words = entries.length === 1 ? entries[0]?.words : undefined;
  return words && words.join("\0") !== fact.words.join("\0") ? words : null;
}

/** Whether a command turned the log off or asked for it, with success. */
export function turns(fact: Extract<StepFact, { kind: "command" }>): "on" | "off" | null {
  const [name, what, directive, to] = fact.words.map((word) => word.toLowerCase());
  if (name !== "config" || what !== "set" || directive !== "appendonly" || fact.replyIsError) {
    return null;
  }
  return to === "yes" ? "on" : "off";
}
