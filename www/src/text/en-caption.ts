import type { CrashFile, NoteFact, Snapshot, StepFact } from "../types";
import { enDisks } from "./disks";
import {
  answeredTo,
  endBehindGap,
  executedWrites,
  isLogOn,
  isQueued,
  isSafe,
  keptNames,
  loggedAs,
  namedWrites,
  selectsFirst,
  spoken,
  spokenText,
  survivors,
  turns,
  undoneName,
  waitsForRewrite,
} from "./facts";
import { clock, duration, grouped, replyText, shortened, THIN } from "./format";
import { late } from "./late.svelte";
import { code, stress } from "./markup";

const WORDS = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];

export function count(value: number): string {
  return WORDS[value] ?? grouped(value);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

export function plural(value: number, one: string, many = one + "s"): string {
  return `${value} ${value === 1 ? one : many}`;
}

export function bytes(value: number): string {
  return plural(value, "byte");
}

export function time(micros: number): string {
  const { value, unit } = duration(micros);
  return value + THIN + (unit === "us" ? "µs" : unit);
}

const isAre = (value: number) => (value === 1 ? "is" : "are");

// Headlines: a fact, then what it costs or saves.

export function headline(snapshot: Snapshot, short: boolean): string {
  const { verdict, crash } = snapshot;
  if (snapshot.state === "booting") return booting(snapshot);
  if (snapshot.state === "refused") {
    return `The server refused to load its log. ${stress("Nothing was changed.")}`;
  }
  if (crash) return afterCrash(snapshot);
  const rewrite = late.en?.headline(snapshot) ?? null;
  if (rewrite !== null) return rewrite;
  if (!isLogOn(snapshot)) {
    return waitsForRewrite(snapshot)
      ? `The log waits for its first rewrite. ${stress("Until that is complete, new writes are only in memory.")}`
      : `The log is off. ${stress("New writes are only in memory.")}`;
  }
  const of = verdict.power.of;
  if (of === 0) return unacknowledged(snapshot);
  const cost = survival(verdict.power.sure, of);
  if (snapshot.refusing) return `The server refuses new writes. ${cost}`;
  const were = short ? " " : of === 1 ? " was " : " were ";
  return `${capital(count(of))} ${of === 1 ? "write" : "writes"}${were}acknowledged. ${cost}`;
}

function survival(sure: number, of: number): string {
  if (sure === of) {
    const all = of === 1 ? "It" : of === 2 ? "Both" : `All ${count(of)}`;
    return `${stress(all)} would survive a power cut.`;
  }
  if (sure === 0)
    return `${stress(of === 1 ? "It" : "None")} ${of === 1 ? "may not" : "is sure to"} survive a power cut.`;
  const only = stress(`Only ${count(sure)}`);
  return `${only} ${isAre(sure)} sure to survive a power cut.`;
}

function unacknowledged(snapshot: Snapshot): string {
  const ran = executedWrites(snapshot);
  if (ran === 0) return `Nothing is acknowledged yet. ${stress("Nothing can be lost.")}`;
  const said = ran === 1 ? "One write has run." : `${capital(count(ran))} writes have run.`;
  return `${said} ${stress("No client has been told yet.")}`;
}

function booting(snapshot: Snapshot): string {
  const fact = snapshot.fact;
  const done = fact.kind === "boot-command" ? fact.command : 0;
  const half =
    done === 0
      ? "Nothing is served yet."
      : `${capital(count(done))} ${done === 1 ? "command is" : "commands are"} back.`;
  return `The server is reading its log. ${stress(half)}`;
}

function afterCrash(snapshot: Snapshot): string {
  const crash = snapshot.crash;
  if (!crash) return "";
  const { least, of } = survivors(snapshot);
  const names = keptNames(snapshot);
  const saved = savedWrites(least, of, names, crash.moreThan ? "All that were looked at" : "All of them");
  if (crash.kind === "halted") return `The server halted itself. ${stress(saved.on)}`;
  if (crash.kind === "killed") return `The process was killed. ${stress(saved.on)}`;
  if (crash.images === 1 && !crash.moreThan) return `Power is gone. ${stress(saved.on)}`;
  const ways = crash.moreThan ? `more than ${grouped(crash.images)}` : grouped(crash.images);
  return `The disk could look ${ways} ways now. ${stress(saved.all)}`;
}

function savedWrites(
  least: number,
  of: number,
  names: string[],
  each: string,
): { on: string; all: string } {
  if (of === 0)
    return { on: "No write had been acknowledged.", all: "No write had been acknowledged." };
  const name = least === 1 && names.length === 1 ? names[0] : undefined;
  if (least === of) {
    const what =
      of === 1 ? (name ?? "the write") : of === 2 ? "both writes" : `all ${count(of)} writes`;
    const on = of === 1 ? "The acknowledged write survives." : `${capital(what)} survive.`;
    return { on, all: `${each} still have ${what}.` };
  }
  if (least === 0) {
    return {
      on: of === 1 ? "The acknowledged write is lost." : `None of ${count(of)} writes survives.`,
      all: of === 1 ? "Some do not have your write." : "None of your writes is on all of them.",
    };
  }
  const some = `${count(least)} of ${count(of)} writes`;
  return {
    on: `${capital(some)} ${least === 1 ? "survives" : "survive"}.`,
    all: `${each} still have ${name ?? some}.`,
  };
}

// Captions: who acted, the call, and how many bytes moved where.

export function caption(snapshot: Snapshot, brief = false): string {
  const fact = snapshot.fact;
  switch (fact.kind) {
    case "start":
      return `The server is up and its log is open. Type a write, such as ${code("SET a 1")}.`;
    case "connected":
      return `Client ${fact.client} connected to the server. It has sent nothing yet.`;
    case "command":
      return late.en?.command(fact, snapshot) ?? command(snapshot, fact);
    case "malformed":
      return `Client ${fact.client} sent bytes that are no command; the server answers with an error and hangs up.`;
    case "closed":
      return closed(fact);
    case "write":
      return write(fact);
    case "sync-start":
      return syncStart(snapshot, fact);
    case "sync-end":
    case "sync-inline":
      return syncEnd(snapshot, fact);
    case "reply":
      return reply(snapshot, fact, brief);
    case "note":
      return note(fact.note, snapshot);
    case "rewrite":
      return late.en?.caption(fact.rewrite, snapshot) ?? "";
    case "truncate":
      return fact.result.ok
        ? `${code("ftruncate")} cut the file back to ${bytes(fact.toBytes)}, so that no half command stays in it.`
        : `${code("ftruncate")} to ${bytes(fact.toBytes)} failed with ${code(fact.result.errno.name)}; the partial write stays in the file.`;
    case "close-file":
      return "The server closed the append-only file. Closing is no sync.";
    case "read":
      return `${code("DEBUG LOADAOF")} read ${bytes(fact.to - fact.from)} of the append-only file back, from byte ${fact.from} on.`;
    case "pause":
      return `The server stopped reading from client ${fact.client}: too many of its replies are waiting.`;
    case "resume":
      return `The server reads from client ${fact.client} again.`;
    case "sleep":
      return `The server sleeps for ${time(fact.micros)} and serves nobody.`;
    case "gathering":
      return `The next sync waits for more clients to share it, but not beyond ${time(fact.untilUs)}. A sync takes longer than serving them all.`;
    case "writeback":
      return `The kernel wrote bytes ${fact.from} to ${fact.to} to the disk by itself; nobody had asked for a sync.`;
    case "fault":
      return fault(fact);
    case "halt":
      return halt(fact);
    case "killed":
      return killed(snapshot);
    case "power-cut":
      return powerCut(snapshot, fact);
    default:
      return boot(fact);
  }
}

function command(snapshot: Snapshot, fact: Extract<StepFact, { kind: "command" }>): string {
  const said = code(spoken(fact.words));
  const name = code(spokenText(fact.words[0]?.toUpperCase(), 14));
  if (fact.replyIsError && fact.bytes === 0) {
    return `The server answered ${said} with an error. Nothing changed, so nothing was logged.`;
  }
  if (isQueued(fact))
    return `The server queued ${said}. It runs at ${code("EXEC")}, with the rest of the transaction.`;
  if (fact.bytes === 0) {
    const turned = turns(fact);
    if (turned === "off") {
      return `${said} turns the log off: what it has is written and synced, and no write is logged from here on.`;
    }
    if (turned === "on" && !isLogOn(snapshot)) {
      return `${said} asks for the log. A rewrite makes its first file; until that is complete, no write is durable.`;
    }
    if (fact.words[0]?.toUpperCase() === "CONFIG") {
      return `The server ran ${said}. ${name} is never logged.`;
    }
    if (waitsForRewrite(snapshot)) {
      return `The server ran ${said}. The log waits for its first rewrite: until then nothing reaches the log.`;
    }
    return isLogOn(snapshot)
      ? `${name} changed nothing, so nothing was logged.`
      : `The server ran ${said}, but the append-only file is off: nothing was logged.`;
  }
  if (fact.held) {
    return snapshot.policy === "always"
      ? `${said} has run, but under ${code("always")} its reply waits until its ${bytes(fact.bytes)} ${isAre(fact.bytes)} on disk.`
      : `${said} has run, but its reply waits until ${code("write(2)")} has handed its ${bytes(fact.bytes)} to the kernel.`;
  }
  if (selectsFirst(snapshot, fact.from, fact.to)) {
    return `The server ran ${said}. The log selects its database first: ${bytes(fact.bytes)} went to ${code("aof_buf")}, only in memory.`;
  }
  const logged = loggedAs(snapshot, fact);
  if (logged) {
    return `The server ran ${said}. What came of it, ${code(spoken(logged))}, is what it added to ${code("aof_buf")}: ${bytes(fact.bytes)}, only in memory.`;
  }
  if (fact.entries > 1) {
    return `The server ran ${said} and added ${fact.entries} commands, ${bytes(fact.bytes)}, to ${code("aof_buf")}. They are only in memory.`;
  }
  return `The server ran ${said} and added its ${bytes(fact.bytes)} to ${code("aof_buf")}. They are only in memory.`;
}

function closed(fact: Extract<StepFact, { kind: "closed" }>): string {
  const who = `client ${fact.client}`;
  switch (fact.reason) {
    case "quit":
      return `The server closed the connection of ${who}, which had asked to quit.`;
    case "protocol":
      return `The server closed the connection of ${who} after a protocol error.`;
    case "held-too-long":
      return `The server closed the connection of ${who}: its reply was held too long, and neither OK nor an error would be true.`;
    case "output-limit":
      return `The server closed the connection of ${who}: too many replies were waiting for it.`;
    case "input-ended":
      return `The server closed the connection of ${who}, which had nothing more to send and was owed nothing more.`;
    case "cross-protocol":
      return `The server closed the connection of ${who}, which spoke HTTP.`;
    case "killed":
      return `The connection of ${who} was closed by CLIENT KILL.`;
    case "peer":
      return `Client ${fact.client} hung up.`;
  }
}

function write(fact: Extract<StepFact, { kind: "write" }>): string {
  const call = code("write(2)");
  if (!fact.result.ok) {
    return `${call} failed with ${code(fact.result.errno.name)}: the kernel took none of ${bytes(fact.bytes)}. They stay in ${code("aof_buf")}.`;
  }
  if (fact.result.bytes < fact.bytes) {
    return `${call} took only ${fact.result.bytes} of ${bytes(fact.bytes)}. The last command in the file is cut.`;
  }
  return `${call} handed ${bytes(fact.bytes)} to the kernel. A killed process can no longer lose them; a power cut can.`;
}

function syncStart(snapshot: Snapshot, fact: Extract<StepFact, { kind: "sync-start" }>): string {
  const call = `called ${code("fdatasync")} for bytes ${fact.from} to ${fact.to}.`;
  if (snapshot.policy === "everysec") return `One second has passed, so the sync thread ${call}`;
  if (snapshot.policy === "always") return `Replies wait for the disk, so the sync thread ${call}`;
  return `A sync was asked for, so the sync thread ${call}`;
}

function syncEnd(
  snapshot: Snapshot,
  fact: Extract<StepFact, { kind: "sync-end" | "sync-inline" }>,
): string {
  const call = code("fdatasync");
  if (!fact.result.ok) {
    const after = snapshot.refusing ? " New writes are refused." : "";
    return `${call} failed with ${code(fact.result.errno.name)}. ${bytes(fact.to - fact.from)} may be gone: the kernel will not write them again.${after}`;
  }
  const inline = fact.kind === "sync-inline";
  if (fact.to > snapshot.synced) {
    // Nothing but a failed sync can be the reason, as long as there was one file only.
    if (snapshot.rewrite)
      return `${call} returned, but not all of the file that has the name of the log is on disk.`;
    return `${call} returned 0, but what a failed sync dropped was not written: behind byte ${snapshot.synced} not all is on disk.`;
  }
  const names = isSafe(snapshot, fact.to) ? namedWrites(snapshot, fact.from, fact.to) : [];
  const start = inline
    ? `The server itself called ${call} and waited ${time(fact.tookUs)}: bytes 0 to ${fact.to} are on disk.`
    : `${call} returned: bytes 0 to ${fact.to} are on disk.`;
  if (names.length === 0 || inline) return start;
  const who =
    names.length === 1
      ? code(names[0] ?? "")
      : names.length === 2
        ? `${code(names[0] ?? "")} and ${code(names[1] ?? "")}`
        : `${capital(count(names.length))} more writes`;
  return `${start} ${who} now ${names.length === 1 ? "survives" : "survive"} a power cut.`;
}

function reply(
  snapshot: Snapshot,
  fact: Extract<StepFact, { kind: "reply" }>,
  brief: boolean,
): string {
  const text = code(shortened(replyText(fact.texts[0] ?? ""), 22));
  const what = code(spokenText(fact.commands[0]));
  const many = fact.replies > 1;
  const said = many
    ? `The server sent ${fact.replies} replies to client ${fact.client}`
    : `The server replied ${text} to ${what}`;
  const its = `${many ? "Their" : "Its"} ${bytes(fact.bytes)}`;
  const are = isAre(fact.bytes);
  if (fact.inMemory > 0 && snapshot.postponed) {
    const subject = many ? `sent ${fact.replies} replies` : `said ${text} to ${what}`;
    const those = `${many ? "their" : "its"} ${bytes(fact.inMemory)}`;
    return (
      `The server ${subject}, but ${those} ${isAre(fact.inMemory)} still in ${code("aof_buf")}. ` +
      `A sync is running, so ${code("write(2)")} is put off${brief ? "" : limit(snapshot.postponed)}.`
    );
  }
  if (fact.bytes === 0) return `${said}. Nothing of it had to be logged.`;
  if (fact.inMemory > 0)
    return `${said}. ${its} ${are} still in ${code("aof_buf")}: killing the process would lose them.`;
  // A sync has answered; what it left out is not told apart from what stands behind it.
  if (fact.inCache > 0 && fact.gate === "after-sync")
    return `${said}. Not all up to its end is on disk: a power cut may lose ${many ? "their" : "its"} ${bytes(fact.bytes)}.`;
  if (fact.inCache > 0) return `${said}. ${its} ${are} in the page cache, not yet on disk.`;
  const name = undoneName(snapshot);
  if (isSafe(snapshot, answeredTo(snapshot)))
    return `${said}. ${its} ${are} on disk: neither a kill nor a power cut takes them back.`;
  return name?.disk == null
    ? `${said}. ${its} ${are} on disk: a kill does not take them back.`
    : `${said}. ${its} ${are} on disk in inode ${name.now}; the name there leads to inode ${name.disk}: a power cut may lose them.`;
}

function limit(postponed: NonNullable<Snapshot["postponed"]>): string {
  return postponed.limitUs === null ? "" : ` for up to ${time(postponed.limitUs)}`;
}

function note(fact: NoteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "rewrite":
      return late.en?.noteCaption(fact.rewrite, snapshot) ?? "";
    case "write-postponed": {
      const until = snapshot.postponed ? limit(snapshot.postponed) : "";
      return `A sync is still running, so the server puts the write of ${bytes(fact.waitingBytes)} off${until ? "," + until : ""}.`;
    }
    case "sync-too-slow":
      return `The sync takes too long: after ${fact.postponedMs}${THIN}ms the server writes anyway. ${code("aof_delayed_fsync")} is now ${fact.delayedFsync}.`;
    case "write-failed":
      return `The server noted that its write failed with ${code(fact.errno.name)}: ${fact.errno.text}.`;
    case "short-write":
      return `The kernel took ${fact.writtenBytes} of ${bytes(fact.expectedBytes)}. The server will cut the rest off and try again.`;
    case "truncate-failed":
      return `The server could not cut the partial write off: ${code(fact.errno.name)}. It will go on after the part that was written.`;
    case "write-recovered":
      return "The disk takes writes again. The server accepts new writes.";
    case "sync-failed":
      return `The server noted ${code(fact.errno.name)} from the sync: bytes ${fact.synced} to ${fact.upto} may be gone.`;
    case "sync-recovered":
      return "A later sync went through, so the server accepts writes again. It never learns what the failed one lost.";
    case "keys-expired":
      return `The time of ${plural(fact.keys, "key")} had come: the server deleted ${fact.keys === 1 ? "it" : "them"} and logged a ${code("DEL")} for each.`;
    case "append-only-stopped":
      return "The append-only file was turned off. From now on nothing is logged.";
    case "log-reloaded":
      return `${code("DEBUG LOADAOF")} made the dataset anew from the ${plural(fact.commands, "command")} of the append-only file.`;
    case "log-not-reloaded":
      return `${code("DEBUG LOADAOF")} could not load the append-only file (${fact.reason}). The dataset stays as it was.`;
    case "config-rewrite-asked":
      return `${code("CONFIG REWRITE")} asks for the settings to be written into the configuration file.`;
    case "config-rewritten":
      return "The configuration file says what is in force now.";
    case "config-not-rewritten":
      return `The configuration file could not be written: ${fact.errno.name}. It stays as it was.`;
    case "policy-changed":
      return `${code("appendfsync")} is now ${code(snapshot.policy)}. It decides when the next sync is due.`;
    case "shutdown-requested":
      return "The server was asked to shut down. It first flushes what is left in memory.";
    case "shutdown-sync":
      return "The server syncs the file one last time before it exits.";
    case "held-too-long":
      return `A reply was held for ${fact.heldMs}${THIN}ms. The server gives that client up: no answer would be true.`;
  }
}

function fault(fact: Extract<StepFact, { kind: "fault" }>): string {
  switch (fact.fault) {
    case "fail-next-sync":
      return `The disk will fail the next sync with ${code("EIO")}. Nothing shows until that sync.`;
    case "stall-next-sync":
      return "The disk will be slow: the next sync takes far longer than a second.";
    case "fill-disk":
      return `The disk is full. The next write will fail with ${code("ENOSPC")}.`;
    case "free-disk":
      return "The disk has space again. The server finds out when it next tries to write.";
    case "short-write":
      return "The kernel will take only a part of the next write.";
  }
}

function halt(fact: Extract<StepFact, { kind: "halt" }>): string {
  const errno = fact.errno ? ` with ${code(fact.errno.name)}` : "";
  switch (fact.reason) {
    case "write-failed":
      return `A write failed${errno} under ${code("always")}. The server exits with ${fact.exitCode} rather than un-say a reply.`;
    case "sync-failed":
      return `A sync failed${errno} under ${code("always")}. The server exits with ${fact.exitCode}: it could no longer keep its word.`;
    case "shutdown":
      return `The server shut down in order and exited with ${fact.exitCode}.`;
  }
}

function killed(snapshot: Snapshot): string {
  const waiting = snapshot.appended - snapshot.written;
  const rest =
    waiting > 0
      ? `${bytes(waiting)} in ${code("aof_buf")} went with it`
      : `${code("aof_buf")} was empty`;
  return `${code("kill -9")} ended the process at ${clock(snapshot.timeUs)}: ${rest}. What the kernel holds stays.`;
}

function crashFile(file: CrashFile): string {
  if (file.role === "missing") return "no file";
  const range =
    file.shortest === file.longest ? `${file.longest}` : `${file.shortest} to ${file.longest}`;
  return `the ${file.role} log (inode ${file.inode ?? "?"}, ${range} bytes)`;
}

function powerCut(snapshot: Snapshot, fact: Extract<StepFact, { kind: "power-cut" }>): string {
  const files = snapshot.crash?.files ?? [];
  if (files.length > 1) {
    const ways = files.map(crashFile).join(", or ");
    return `Power went out at ${clock(snapshot.timeUs)}. On disk the name may lead to ${ways}.`;
  }
  const out = `Power went out at ${clock(snapshot.timeUs)}.`;
  const end = endBehindGap(snapshot, fact.synced);
  if (end !== null) {
    return `${out} The file on disk ends at byte ${end}, with gaps behind byte ${fact.synced}: what a failed sync dropped was never written.`;
  }
  const were = fact.synced === 0 ? "Nothing was synced" : `Bytes 0 to ${fact.synced} were synced`;
  const when = `${out} ${were}`;
  if (fact.written === fact.synced) return `${when}, and nothing else had reached the kernel.`;
  const may = enDisks[snapshot.diskModel].may;
  return `${when}; of bytes ${fact.synced} to ${fact.written} ${may}.`;
}

function boot(fact: StepFact): string {
  switch (fact.kind) {
    case "boot-open":
      return `The server starts again and opens a file of ${bytes(fact.imageBytes)}.`;
    case "boot-command":
      return `The loader read command ${fact.command}, bytes ${fact.from} to ${fact.to}, and ran ${code(spoken(fact.words))} again.`;
    case "boot-truncate":
      return bootTruncate(fact);
    case "boot-removed":
      return fact.removed
        ? `The server removed ${code(fact.file)}, which a rewrite had left unfinished. It was never the log.`
        : `The server found ${code(fact.file)} of a rewrite and left it: its child may still live.`;
    case "boot-sync":
      return `The server synced the loaded file before it serves anyone.`;
    case "boot-sync-directory":
      return `The server synced the directory, so that the name of the file is durable too.`;
    case "boot-refused":
      return `The loader refused the log: ${shortened(fact.text, 90)}. The server does not start.`;
    case "boot-ready":
      return `The server is ready: ${plural(fact.commands, "command")} from ${bytes(fact.bytes)} gave ${plural(fact.keys, "key")}.`;
    default:
      return "";
  }
}

function bootTruncate(fact: Extract<StepFact, { kind: "boot-truncate" }>): string {
  const cut = `cut the file back to byte ${fact.validUpTo}, as ${code("aof-load-truncated")} allows`;
  if (fact.class === "zero-tail") {
    return `The loader found only zeros after byte ${fact.validUpTo} of ${fact.fileBytes} and ${cut}.`;
  }
  if (fact.class === "open-multi") {
    return `The loader found a ${code("MULTI")} without its ${code("EXEC")} and ${cut}.`;
  }
  const of =
    fact.tornExpected === null
      ? bytes(fact.tornPresent)
      : `${fact.tornPresent} of ${bytes(fact.tornExpected)}`;
  return `The loader found ${of} of the last command and ${cut}.`;
}
