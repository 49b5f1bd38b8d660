import { bytes, plural, time } from "../text/en-caption";
import { shortened } from "../text/format";
import type { ChildExit, IoResult, RewriteFact, RewriteNoteFact, RewriteWork } from "../types";

export const failed = (result: IoResult) => (result.ok ? "" : result.errno.name);
export const many = (value: number, one: string) => plural(value, one);

export function ended(exit: ChildExit): string {
  return "code" in exit ? `exited with ${exit.code}` : `was ended by signal ${exit.signal}`;
}

// The status line and the words over the scrubber.

export function event(fact: RewriteFact): string {
  switch (fact.name) {
    case "pipes":
      return fact.result.ok ? "three pipes made" : `no pipes: ${failed(fact.result)}`;
    case "fork":
      return fact.result.ok
        ? `fork(2) made child ${fact.child} in ${time(fact.tookUs)}`
        : `fork(2) failed: ${failed(fact.result)}`;
    case "send":
      if (fact.pipe === "ack") return "ack sent to the child";
      return fact.result.ok
        ? `${bytes(fact.result.bytes)} into the data pipe`
        : `data pipe: ${failed(fact.result)}`;
    case "writable":
      return "room in the data pipe";
    case "stop-asked":
      return "parent read the stop";
    case "report":
      return `${fact.keysDone} of ${many(fact.keysTotal, "key")} written`;
    case "reaped":
      return `child reaped: it ${ended(fact.exit)}`;
    case "kill-child":
      return `child ${fact.child} told to end`;
    case "child-killed":
      return `child ${fact.child} was killed`;
    case "work-start":
      return `${workName(fact.work)} begins`;
    case "work-end":
      return fact.result.ok
        ? `${workName(fact.work)} done in ${time(fact.tookUs)}`
        : `${workName(fact.work)} failed: ${failed(fact.result)}`;
    case "close-pipes":
      return "pipes closed";
    case "switched":
      return `inode ${fact.newInode} is the log`;
    case "names-written-back":
      return "directory written back";
    case "child-open":
      return fact.result.ok ? "child opened its file" : `child: open failed`;
    case "child-write":
      return fact.result.ok
        ? `child wrote ${bytes(fact.result.bytes)}`
        : `child: write failed, ${failed(fact.result)}`;
    case "child-sync":
      return fact.result.ok ? "child synced its file" : `child: sync failed`;
    case "child-read":
      return `child read ${bytes(fact.bytes)} of the diff`;
    case "child-wait":
      return fact.readable ? "child finds bytes in the pipe" : "child waited in vain";
    case "child-stop":
      return "child asks to stop";
    case "child-ack":
      return fact.answer === "ack" ? "child has the ack" : "child got no ack";
    case "child-close":
      return "child closed its file";
    case "child-rename":
      return "child renamed its file";
    case "child-unlink":
      return "child removed its file";
    case "child-report":
      return "child reports";
    case "child-exit":
      return `child ${ended(fact.exit)}`;
  }
}

function workName(work: RewriteWork): string {
  switch (work.what) {
    case "open":
      return "opening the new file";
    case "append":
      return `appending ${bytes(work.bytes)}`;
    case "sync":
      return "sync of the new file";
    case "rename":
      return "rename(2)";
    case "sync-directory":
      return "sync of the directory";
    case "close":
      return "closing the old log";
    case "unlink":
      return `removing ${shortened(work.file, 20)}`;
  }
}

export function mark(fact: RewriteFact): string {
  switch (fact.name) {
    case "pipes":
      return "pipes";
    case "fork":
      return fact.result.ok ? "fork" : failed(fact.result);
    case "send":
      return fact.pipe === "ack" ? "ack" : fact.result.ok ? "sent" : "full";
    case "writable":
      return "room";
    case "stop-asked":
      return "stopped";
    case "report":
      return "report";
    case "reaped":
      return "reaped";
    case "kill-child":
    case "child-killed":
      return "kill child";
    case "work-start":
    case "work-end":
      return fact.name === "work-end" && !fact.result.ok
        ? failed(fact.result)
        : workMark(fact.work);
    case "close-pipes":
      return "pipes closed";
    case "switched":
      return "swap";
    case "names-written-back":
      return "writeback";
    case "child-open":
      return "child opens";
    case "child-write":
      return fact.result.ok ? `child ${fact.result.bytes} B` : failed(fact.result);
    case "child-sync":
      return "child fsync";
    case "child-read":
      return "child reads";
    case "child-wait":
      return "child waits";
    case "child-stop":
      return "stop";
    case "child-ack":
      return "ack read";
    case "child-close":
      return "child closes";
    case "child-rename":
      return "child renames";
    case "child-unlink":
      return "child unlinks";
    case "child-report":
      return "report";
    case "child-exit":
      return "child exits";
  }
}

function workMark(work: RewriteWork): string {
  switch (work.what) {
    case "open":
      return "open";
    case "append":
      return `rest ${work.bytes} B`;
    case "sync":
      return "fsync";
    case "rename":
      return "rename";
    case "sync-directory":
      return "fsync dir";
    case "close":
      return "close old";
    case "unlink":
      return "unlink";
  }
}

const FAILURES = {
  "pipes-failed": "No pipes for a rewrite",
  "fork-failed": "No child for a rewrite",
  "ack-failed": "The ack could not be sent",
  "open-failed": "The new file could not be opened",
  "diff-failed": "The rest could not be appended to the new file",
  "seal-failed": "The new file could not be synced",
  "rename-failed": "The new file could not be renamed",
  "turn-on-failed": "The log could not be turned on",
} as const;

export function noteEvent(fact: RewriteNoteFact): string {
  switch (fact.name) {
    case "automatic":
      return `grown by ${fact.growthPercent} %`;
    case "healing":
      return "a rewrite to heal the log";
    case "started":
      return `child ${fact.child} runs`;
    case "stop-asked":
      return "child asks to stop";
    case "copied-on-write":
      return `${bytes(fact.copiedBytes)} copied on write`;
    case "child-ended":
      return `child ${ended(fact.exit)}`;
    case "diff-written":
      return `rest of ${bytes(fact.bytes)} written`;
    case "gates-held":
      return "replies to writes are held";
    case "directory-sync-failed":
      return `directory not synced: ${fact.errno.name}`;
    case "finished":
      return `${fact.oldBytes} bytes became ${fact.newBytes}`;
    case "switch-took":
      return `the switch took ${time(fact.micros)}`;
    case "killing-child":
      return `child ${fact.child} told to end`;
    case "diff-grows":
      return `rewrite buffer: ${fact.blocks} blocks`;
    case "diff-limit":
      return "rewrite buffer full";
    case "backs-off":
      return `next try in ${time(fact.retryMs * 1_000)}`;
    case "turned-on":
      return "append-only file on";
    case "shutdown-refused":
      return "shutdown refused";
    default:
      return `${FAILURES[fact.name]}: ${fact.errno.name}`;
  }
}

export function noteMark(fact: RewriteNoteFact): string {
  switch (fact.name) {
    case "automatic":
      return "grown";
    case "healing":
      return "healing";
    case "started":
      return "child runs";
    case "stop-asked":
      return "stop noted";
    case "copied-on-write":
      return "copied";
    case "child-ended":
      return "ended";
    case "diff-written":
      return "rest written";
    case "gates-held":
      return "held";
    case "directory-sync-failed":
      return fact.errno.name;
    case "finished":
      return "done";
    case "switch-took":
      return "switch";
    case "killing-child":
      return "kill child";
    case "diff-grows":
      return "grows";
    case "diff-limit":
      return "limit";
    case "backs-off":
      return "backs off";
    case "turned-on":
      return "AOF on";
    case "shutdown-refused":
      return "refused";
    default:
      return fact.errno.name;
  }
}
