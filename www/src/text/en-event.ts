import type { FaultName, NoteFact, StepFact } from "../types";
import { bytes, plural, time } from "./en-caption";
import { spoken, spokenText } from "./facts";
import { keyed, replyText, shortened } from "./format";
import { late } from "./late.svelte";

const FAULTS: Record<FaultName, { event: string; mark: string }> = {
  "fail-next-sync": { event: "next sync will fail", mark: "EIO set" },
  "stall-next-sync": { event: "next sync will stall", mark: "stall" },
  "fill-disk": { event: "disk filled", mark: "disk full" },
  "free-disk": { event: "disk has space", mark: "space" },
  "short-write": { event: "next write will be short", mark: "short" },
};

/** The status line and the spoken value of the scrubber. */
export function event(fact: StepFact): string {
  switch (fact.kind) {
    case "start":
      return "start";
    case "connected":
      return `client ${fact.client} connected`;
    case "command":
      return `${spoken(fact.words, 28)} ran`;
    case "malformed":
      return "bytes that are no command";
    case "closed":
      return `client ${fact.client} closed`;
    case "write":
      return fact.result.ok
        ? `write(2), ${bytes(fact.result.bytes)}`
        : `write(2) failed: ${fact.result.errno.name}`;
    case "sync-start":
      return `fdatasync called for ${fact.from} to ${fact.to}`;
    case "sync-end":
    case "sync-inline":
      return fact.result.ok
        ? `fdatasync done in ${time(fact.tookUs)}`
        : `fdatasync failed: ${fact.result.errno.name}`;
    case "reply":
      return fact.replies > 1
        ? `${fact.replies} replies sent`
        : `${shortened(replyText(fact.texts[0] ?? "reply"), 22)} sent for ${spokenText(fact.commands[0])}`;
    case "note":
      return note(fact.note);
    case "rewrite":
      return late.en?.event(fact.rewrite) ?? "rewrite";
    case "truncate":
      return `file cut to ${bytes(fact.toBytes)}`;
    case "close-file":
      return "file closed";
    case "read":
      return `log read ${bytes(fact.to - fact.from)}`;
    case "pause":
      return `client ${fact.client} paused`;
    case "resume":
      return `client ${fact.client} resumed`;
    case "sleep":
      return `asleep for ${time(fact.micros)}`;
    case "gathering":
      return "waiting for others to share a sync";
    case "writeback":
      return `kernel wrote ${fact.from} to ${fact.to}`;
    case "fault":
      return FAULTS[fact.fault].event;
    case "halt":
      return `halted, exit code ${fact.exitCode}`;
    case "killed":
      return "process killed";
    case "power-cut":
      return "power lost";
    case "boot-open":
      return `file of ${bytes(fact.imageBytes)} opened`;
    case "boot-command":
      return `${spoken(fact.words, 24)} loaded`;
    case "boot-truncate":
      return `tail cut at ${fact.validUpTo}`;
    case "boot-removed":
      return fact.removed ? "leftover of a rewrite removed" : "leftover of a rewrite kept";
    case "boot-sync":
      return "loaded file synced";
    case "boot-sync-directory":
      return "directory synced";
    case "boot-refused":
      return `refused at byte ${fact.at}`;
    case "boot-ready":
      return `ready, ${plural(fact.keys, "key")}`;
  }
}

/** The word over a mark of the scrubber. */
export function mark(fact: StepFact): string {
  switch (fact.kind) {
    case "start":
      return "start";
    case "connected":
      return "connect";
    case "command":
      return keyed(fact.words, 11);
    case "malformed":
      return "no command";
    case "closed":
      return "closed";
    case "write":
      return fact.result.ok ? "write" : fact.result.errno.name;
    case "sync-start":
      return "fsync";
    case "sync-end":
    case "sync-inline":
      return fact.result.ok ? "synced" : fact.result.errno.name;
    case "reply":
      return fact.texts.length === 1
        ? shortened(fact.texts[0] ?? "", 10)
        : `${fact.replies} replies`;
    case "note":
      return noteMark(fact.note);
    case "rewrite":
      return late.en?.mark(fact.rewrite) ?? "rewrite";
    case "truncate":
      return "cut";
    case "close-file":
      return "close";
    case "read":
      return "read";
    case "pause":
      return "pause";
    case "resume":
      return "resume";
    case "sleep":
      return "sleep";
    case "gathering":
      return "gather";
    case "writeback":
      return "writeback";
    case "fault":
      return FAULTS[fact.fault].mark;
    case "halt":
      return "halted";
    case "killed":
      return "killed";
    case "power-cut":
      return "power cut";
    case "boot-open":
      return "open";
    case "boot-command":
      return keyed(fact.words, 11);
    case "boot-truncate":
      return "tail cut";
    case "boot-removed":
      return "removed";
    case "boot-sync":
      return "sync";
    case "boot-sync-directory":
      return "sync dir";
    case "boot-refused":
      return "refused";
    case "boot-ready":
      return "ready";
  }
}

function noteMark(fact: NoteFact): string {
  switch (fact.name) {
    case "rewrite":
      return late.en?.noteMark(fact.rewrite) ?? "rewrite";
    case "write-postponed":
      return "put off";
    case "sync-too-slow":
      return "too slow";
    case "write-failed":
      return "refusing";
    case "short-write":
      return "short";
    case "truncate-failed":
      return "not cut";
    case "write-recovered":
    case "sync-recovered":
      return "recovered";
    case "sync-failed":
      return "in doubt";
    case "keys-expired":
      return "expired";
    case "append-only-stopped":
      return "AOF off";
    case "log-reloaded":
      return "loaded";
    case "log-not-reloaded":
      return "not loaded";
    case "config-rewrite-asked":
      return "config";
    case "config-rewritten":
      return "config";
    case "config-not-rewritten":
      return "not written";
    case "policy-changed":
      return "policy";
    case "shutdown-requested":
    case "shutdown-sync":
      return "shutdown";
    case "held-too-long":
      return "given up";
  }
}

export function note(fact: NoteFact): string {
  switch (fact.name) {
    case "rewrite":
      return late.en?.noteEvent(fact.rewrite) ?? "rewrite";
    case "write-postponed":
      return `write of ${bytes(fact.waitingBytes)} put off`;
    case "sync-too-slow":
      return "sync too slow, writing anyway";
    case "write-failed":
      return `write failed: ${fact.errno.name}`;
    case "short-write":
      return `short write, ${fact.writtenBytes} of ${bytes(fact.expectedBytes)}`;
    case "truncate-failed":
      return `cutting back failed: ${fact.errno.name}`;
    case "write-recovered":
      return "writes accepted again";
    case "sync-failed":
      return `sync failed: ${fact.errno.name}`;
    case "sync-recovered":
      return "sync works again";
    case "keys-expired":
      return `${plural(fact.keys, "key")} expired`;
    case "append-only-stopped":
      return "append-only file off";
    case "log-reloaded":
      return "append-only file loaded again";
    case "log-not-reloaded":
      return "append-only file not loaded";
    case "config-rewrite-asked":
      return "configuration file to be written";
    case "config-rewritten":
      return "configuration file written";
    case "config-not-rewritten":
      return "configuration file not written";
    case "policy-changed":
      return "appendfsync changed";
    case "shutdown-requested":
      return "shutdown asked for";
    case "shutdown-sync":
      return "last sync";
    case "held-too-long":
      return "held reply given up";
  }
}
