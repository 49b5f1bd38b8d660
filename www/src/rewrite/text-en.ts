import { bytes, time } from "../text/en-caption";
import { selectsFirst, spoken, spokenText } from "../text/facts";
import { shortened } from "../text/format";
import type { RewriteText } from "../text/late.svelte";
import { code, stress } from "../text/markup";
import type {
  ChildExit,
  ErrnoView,
  RewriteFact,
  RewriteNoteFact,
  RewriteWork,
  Snapshot,
} from "../types";
import { ended, event, failed, many, mark, noteEvent, noteMark } from "./events-en";
import { changedKey, hasFailed, hasNewName, insteadOf, isLive, isRenamed, isTheMatter, restOf, splitPages, isFromMemory, wasCalledOff, wroteSince } from "./moment";

type Fact<Name extends RewriteFact["name"]> = Extract<RewriteFact, { name: Name }>;

// Captions: who acted, the call, and how many bytes moved where.

function caption(fact: RewriteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "pipes":
      return fact.result.ok
        ? "The parent made three pipes: one carries new writes to the child, two carry the stop and its answer."
        : `${code("pipe(2)")} failed with ${code(failed(fact.result))}, so there is no rewrite. The log goes on as it is.`;
    case "fork":
      return fact.result.ok
        ? `${code("fork(2)")} made a child that shares all ${fact.pages} pages. It sees the dataset as it is now, for good.`
        : `${code("fork(2)")} failed with ${code(failed(fact.result))}, so there is no child and no rewrite. The log goes on.`;
    case "send":
      return send(fact);
    case "writable":
      return "The child has made room in the data pipe, so the parent can go on sending.";
    case "stop-asked":
      if (fact.byte !== "!") {
        return `The parent read a byte other than ${code("!")} from the stop pipe, and ignores it.`;
      }
      return `The parent read ${code("!")} from the stop pipe and sends no more. ${bytes(fact.unsentBytes)} stay in the rewrite buffer until the child has ended.`;
    case "report":
      return `The parent learned that the child has written ${fact.keysDone} of ${many(fact.keysTotal, "key")}; ${bytes(fact.copiedBytes)} of memory were copied so far.`;
    case "reaped":
      return reaped(fact.exit);
    case "kill-child":
      return `The parent told child ${fact.child} to end, by ${code("SIGUSR1")}. What it has written is thrown away; the old log goes on.`;
    case "child-killed":
      return `${code("kill -9")} ended child ${fact.child}. Its file is worth nothing; the old log has everything and goes on.`;
    case "work-start":
      return workStart(fact, snapshot);
    case "work-end":
      return fact.result.ok ? workEnd(fact, snapshot) : workFailed(fact.work, fact.result.errno, snapshot);
    case "close-pipes":
      return "The parent closed its ends of the three pipes. Bytes that were still in them are gone; none was needed.";
    case "switched":
      return `From here on the log is inode ${fact.newInode}, ${bytes(fact.newBytes)} long. Inode ${fact.oldInode}, ${bytes(fact.oldBytes)}, is kept open until it can be closed beside the loop.`;
    case "names-written-back":
      return "The kernel wrote the directory to the disk by itself: names are on disk as memory has them.";
    default:
      return childCaption(fact, snapshot);
  }
}

function send(fact: Fact<"send">): string {
  if (fact.pipe === "ack") {
    return fact.result.ok
      ? `The parent wrote ${code("!")} into the ack pipe: nothing more will come through the data pipe.`
      : `The parent could not write into the ack pipe: ${code(failed(fact.result))}. The child will wait in vain, then fail.`;
  }
  if (!fact.result.ok) {
    return fact.result.errno.name === "EAGAIN"
      ? `The data pipe has no room for it, so ${code("write(2)")} took nothing. ${bytes(fact.leftBytes)} stay in the rewrite buffer.`
      : `Writing into the data pipe failed with ${code(failed(fact.result))}. ${bytes(fact.leftBytes)} stay in the rewrite buffer.`;
  }
  const left = fact.leftBytes === 0 ? "Nothing is" : `${bytes(fact.leftBytes)} are`;
  return `The parent wrote ${bytes(fact.result.bytes)} of the rewrite buffer into the data pipe. ${left} left to send.`;
}

function reaped(exit: ChildExit): string {
  if ("code" in exit && exit.code === 0) {
    return `${code("serverCron")} reaped the child, which exited with 0. Notes often speak of a signal handler; Redis looks for the exit in cron.`;
  }
  return `${code("serverCron")} reaped the child, which ${"code" in exit ? "exited with " + exit.code : "signal " + exit.signal + " had ended"}. The rewrite failed; the old log is whole.`;
}

function workStart(fact: Fact<"work-start">, snapshot: Snapshot): string {
  const who = fact.lane === "sync" ? "The sync thread" : "A background thread";
  switch (fact.work.what) {
    case "open":
      return `${who} opens ${code(fact.work.file)}, so that the parent can add the rest.`;
    case "append":
      return `${who} appends ${bytes(fact.work.bytes)} of the rewrite buffer to the new file. The parent goes on serving.`;
    case "sync":
      if (hasNewName(snapshot))
        return `${who} called ${code("fdatasync")} on the new file, which has the name of the log already. Nothing waits for it.`;
      return snapshot.profile !== "hardened"
        ? `${who} called ${code("fdatasync")} on the new file. Nothing waits for it: the name changes before it ends.`
        : `${who} called ${code("fdatasync")} on the new file. Until its name changes, the old log counts.`;
    case "rename":
      return `${who} calls ${code("rename(2)")}. Until it returns, ${code(fact.work.to)} is the old log.`;
    case "sync-directory":
      return `${who} called ${code("fsync")} on the directory, so that the new name survives a power cut.`;
    case "close":
      return `${who} closes the old log. The last close frees its blocks, which can take long; nobody waits for it.`;
    case "unlink":
      return `${who} removes ${code(fact.work.file)}, in case that name is still there.`;
  }
}

function workEnd(fact: Fact<"work-end">, snapshot: Snapshot): string {
  const { work } = fact;
  const waited = fact.lane === "inline" ? " Nobody was served meanwhile." : "";
  switch (work.what) {
    case "open":
      return `The parent opened ${code(work.file)}, which the child has finished, to add the rest to it.`;
    case "append":
      return `The new file now also holds the ${bytes(work.bytes)} that the parent had left.${waited}`;
    case "sync":
      return hasNewName(snapshot)
        ? `${code("fdatasync")} returned: the new file is on disk. It had its name before that; until now its end could be missing.`
        : `${code("fdatasync")} returned: the new file is on disk, and its name has not changed yet.${waited}`;
    case "rename":
      return renamed(work, snapshot);
    case "sync-directory":
      return `${code("fsync")} on the directory returned: on disk, too, the name leads to the new file. Replies may leave again.`;
    case "close":
      if (snapshot.directory.some((name) => name.diskInode === work.inode)) {
        return `Inode ${work.inode} is closed. No name in memory leads to it; on disk one still does, until the directory is written back.`;
      }
      return work.freed
        ? `Inode ${work.inode} is closed. No name and no descriptor leads to it any more, so its blocks are free.`
        : `Inode ${work.inode} is closed. A name still leads to it, so its bytes stay.`;
    case "unlink":
      return snapshot.rewrite?.stage === "failed"
        ? `${code(work.file)} is gone from the directory.`
        : `There is no ${code(work.file)} any more: a rename had taken that name. Only a rewrite that fails leaves one.`;
  }
}

function renamed(work: Extract<RewriteWork, { what: "rename" }>, snapshot: Snapshot): string {
  const name = snapshot.directory.find((entry) => entry.name === work.to);
  const now = name?.cachedInode ?? work.newInode;
  const disk = name ? name.diskInode : work.oldInode;
  const start = `${code("rename(2)")} pointed ${code(work.to)} at inode ${now ?? "?"} in the cached directory.`;
  if (disk === now) return `${start} On disk it is so, too.`;
  return `${start} On disk it is still ${disk === null ? "nothing" : `inode ${disk}`}.`;
}

function workFailed(work: RewriteWork, errno: ErrnoView, snapshot: Snapshot): string {
  const name = code(errno.name);
  switch (work.what) {
    case "open":
      return `Opening ${code(work.file)} failed with ${name}. The rewrite is given up; the old log is whole.`;
    case "append":
      return `Appending ${bytes(work.bytes)} to the new file failed with ${name}. The rewrite is given up; the old log is whole.`;
    case "sync":
      if (hasNewName(snapshot))
        return `${code("fdatasync")} of the new file failed with ${name}, and it has the name of the log already. After a power cut its end may be missing.`;
      return `${code("fdatasync")} of the new file failed with ${name}, so it does not become the log. The old one is whole.`;
    case "rename":
      return `${code("rename(2)")} failed with ${name}. ${code(work.to)} is still the old log, and that is whole.`;
    case "sync-directory":
      return `${code("fsync")} on the directory failed with ${name}: which log a power cut would leave is open. It is tried again.`;
    case "close":
      return `Closing the old log failed with ${name}. Nothing depends on it.`;
    case "unlink":
      return `${code(work.file)} could not be removed: ${name}. The next start removes it.`;
  }
}

function childCaption(fact: RewriteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "child-open":
      return fact.result.ok
        ? `The child opened its own file. No command in it gets more than 64 items: a loader reads each into a client's input buffer.`
        : `The child could not open ${code(fact.file)}: ${code(failed(fact.result))}. It will exit with 1.`;
    case "child-write":
      return childWrite(fact, snapshot);
    case "child-sync":
      return childSync(fact);
    case "child-read":
      if (!fact.result.ok) {
        return `The child could not read the data pipe: ${code(failed(fact.result))}. It will exit with 1.`;
      }
      if (fact.ended) {
        return "The data pipe has ended: there is no parent any more. The child will exit with 1.";
      }
      return fact.bytes === 0
        ? `The child looked into the data pipe, and it was empty. It has ${bytes(fact.diffBytes)} of the diff.`
        : `The child read ${bytes(fact.bytes)} from the data pipe. It keeps ${bytes(fact.diffBytes)} of the diff in memory, to append them last.`;
    case "child-wait":
      return fact.readable
        ? "The child waited for the data pipe, and there is something in it."
        : `The child waited ${time(fact.timeoutMs * 1_000)} for the data pipe in vain. After 20 such waits it asks the parent to stop.`;
    case "child-stop":
      return stop(fact);
    case "child-ack":
      return ack(fact.answer);
    case "child-close":
      return "The child closed its file. Closing is no sync; it has synced before.";
    case "child-rename":
      return fact.result.ok
        ? `The child renamed its file to ${code(fact.to)}. That says that it is whole, not that it is the log.`
        : `The child could not rename its file: ${code(failed(fact.result))}. It will exit with 1.`;
    case "child-unlink":
      return `The child removed ${code(fact.file)}, because it could not finish it.`;
    case "child-report":
      return `The child told the parent that it has written ${fact.keysDone} of ${many(fact.keysTotal, "key")}.`;
    case "child-exit":
      return `The child ${ended(fact.exit)}. The parent finds out at its next ${code("serverCron")}, ten times a second.`;
    default:
      return "";
  }
}

function childWrite(fact: Fact<"child-write">, snapshot: Snapshot): string {
  if (!fact.result.ok) {
    return `The child could not write ${bytes(fact.bytes)}: ${code(failed(fact.result))}. It gives up; the old log is whole.`;
  }
  if (fact.part === "diff") {
    return `The child appended the ${bytes(fact.result.bytes)} that the parent had sent, behind what it had read from memory.`;
  }
  const instead = insteadOf(snapshot, fact.commands);
  if (instead && fact.commandsTotal > 1) {
    return `The child wrote ${fact.commandsTotal} commands, ${bytes(fact.result.bytes)}. ${code(spokenText(instead.becomes))} stands for ${instead.commands} commands of ${bytes(instead.bytes)}.`;
  }
  if (instead) {
    return `The child wrote ${code(spokenText(instead.becomes))}, ${bytes(instead.newBytes)}, in place of ${instead.commands} commands, ${bytes(instead.bytes)}.`;
  }
  const first = fact.commands[0];
  if (fact.commandsTotal === 1 && first !== undefined) {
    return `The child wrote ${code(spokenText(first))}, ${bytes(fact.result.bytes)}. It reads memory only, never the old log.`;
  }
  return `The child wrote ${many(fact.commandsTotal, "command")}, ${bytes(fact.result.bytes)}. It reads memory only, never the old log.`;
}

function childSync(fact: Fact<"child-sync">): string {
  if (!fact.result.ok) {
    return `${code("fsync")} of the child's file failed with ${code(failed(fact.result))}. It will exit with 1; the old log is whole.`;
  }
  switch (fact.which) {
    case "incremental":
      return `The child synced what it has written so far, ${bytes(fact.bytes)}, so that the last sync will be short.`;
    case "first":
      return `The child synced its ${bytes(fact.bytes)} while the parent still sends, so that the last sync will be short.`;
    case "final":
      return `The child synced its file again: all ${bytes(fact.bytes)} of it are on disk.`;
  }
}

function stop(fact: Fact<"child-stop">): string {
  if (!fact.result.ok) {
    return `The child could not write into the stop pipe: ${code(failed(fact.result))}. It will exit with 1.`;
  }
  const rest =
    fact.unsentBytes === 0
      ? "The parent has nothing left to send."
      : `The parent still holds ${bytes(fact.unsentBytes)} and will append them itself.`;
  return `The child wrote ${code("!")} into the stop pipe: send no more. ${rest}`;
}

function ack(answer: Fact<"child-ack">["answer"]): string {
  switch (answer) {
    case "ack":
      return `The child read ${code("!")} from the ack pipe: the parent has stopped. What is in the data pipe now is all.`;
    case "other":
      return "The child read another byte than ! from the ack pipe. It will exit with 1.";
    case "timed-out":
      return "The child waited 5 s for the ack in vain. It will exit with 1, and the old log goes on.";
    case "ended":
      return "The ack pipe has ended: there is no parent any more. The child will exit with 1.";
    case "failed":
      return "The child could not read the ack pipe. It will exit with 1.";
  }
}

// The server's own log.

function noteCaption(fact: RewriteNoteFact, snapshot: Snapshot): string {
  switch (fact.name) {
    case "automatic":
      return `The log has grown by ${fact.growthPercent} % since its last rewrite, so ${code("serverCron")} starts one by itself.`;
    case "healing":
      return "A sync had failed, so nobody knows what the log on disk holds. A fresh file heals that: a rewrite starts by itself.";
    case "started":
      return `The child is a process, not a thread: it has the memory of the fork for itself, so no lock stops the parent.`;
    case "stop-asked":
      return "The server noted that the child asks for no more.";
    case "copied-on-write":
      return `The server noted how much memory was copied because one of the two wrote to it: ${bytes(fact.copiedBytes)}.`;
    case "child-ended":
      return "code" in fact.exit && fact.exit.code === 0
        ? "The server noted that the child ended well. What is left of the rewrite is the parent's work."
        : `The server noted that the child ${ended(fact.exit)}. Its file is removed; the old log is whole.`;
    case "diff-written":
      return `The server noted that the ${bytes(fact.bytes)} it still held are in the new file. ${snapshot.rewrite && isFromMemory(snapshot.rewrite) ? "It says all that memory does." : "Both logs now say the same."}`;
    case "gates-held":
      return "From here on no reply to a write leaves until the new file is the log: each must be true of the file that stays.";
    case "directory-sync-failed":
      return `The directory could not be synced: ${code(fact.errno.name)}. Replies to writes wait; it is tried again in ${time(fact.retryMs * 1_000)}.`;
    case "finished":
      return `The rewrite is complete: the log had ${bytes(fact.oldBytes)} and now has ${fact.newBytes}, for the same dataset.`;
    case "switch-took":
      return snapshot.profile !== "hardened"
        ? `The switch took ${time(fact.micros)}, and in that time the event loop served nobody.`
        : `For ${time(fact.micros)} replies to writes were held. Reads were answered all the time.`;
    case "killing-child":
      return `The server told child ${fact.child} to end. A child that is ended on purpose is no failure.`;
    case "diff-grows":
      return `The rewrite buffer has grown to ${fact.blocks} blocks with ${bytes(fact.bytes)}. Its lines come at every tenth block.`;
    case "diff-limit":
      return `The rewrite buffer has reached ${bytes(fact.bytes)}, its limit. The rewrite is given up; the log goes on.`;
    case "backs-off":
      return `A rewrite failed. The next one that starts by itself waits for ${time(fact.retryMs * 1_000)}.`;
    case "turned-on":
      return `The first rewrite is complete, so the log is on: ${code("aof_state")} is ${code("AOF_ON")}, and writes are durable from here on.`;
    case "shutdown-refused":
      return "The server does not shut down: the first log is not complete, and without it the dataset would be gone.";
    default:
      return `${noteEvent(fact)}. The old log is whole and goes on.`;
  }
}

// A command while a child lives goes two ways.

function command(
  fact: Parameters<RewriteText["command"]>[0],
  snapshot: Snapshot,
): string | null {
  if (!isLive(snapshot) || fact.bytes === 0) return null;
  const waits = fact.held ? " The reply waits." : "";
  const both = `${bytes(fact.bytes)} go to ${code("aof_buf")} and to the rewrite buffer`;
  const pages = splitPages(snapshot);
  if (fact.entries > 1 && selectsFirst(snapshot, fact.from, fact.to)) {
    return `${code(spoken(fact.words, 14))}: ${bytes(fact.bytes)} for both buffers, with a new ${code("SELECT")}: the child's part may end in another database.${pages > 0 ? " A page was copied." : ""}${waits}`;
  }
  if (pages === 0) return `The server ran ${code(spoken(fact.words))}. Its ${both}.${waits}`;
  const copied = `so the kernel copied ${pages === 1 ? "one page" : `${pages} pages`}`;
  const changed = changedKey(snapshot, fact.words);
  if (!changed) return `The parent wrote to memory, ${copied}; the child still sees the old one. ${both}.${waits}`;
  const sees =
    changed.frozen === null
      ? `has no ${code(shortened(changed.key, 8))}`
      : `still reads ${code(`${shortened(changed.key, 8)} = ${shortened(changed.frozen, 8)}`)}`;
  return `The parent changed ${code(shortened(changed.key, 10))}, ${copied}. The child ${sees}. ${both}.${waits}`;
}

function headline(snapshot: Snapshot): string | null {
  const view = snapshot.rewrite;
  if (!view || !isTheMatter(snapshot)) return null;
  const { before, after } = view;
  switch (view.stage) {
    case "failed":
      if (wasCalledOff(view)) return `The rewrite was called off. ${stress("The old log is whole and goes on.")}`;
      return `The rewrite failed. ${stress("The old log is whole and goes on.")}`;
    case "limbo":
      return `The directory could not be synced. ${stress("Replies to writes wait.")}`;
    case "done": {
      const file = view.files.find((file) => file.role === "new");
      if (isRenamed(snapshot)) return `The name has moved in memory. ${stress("On disk it has not.")}`;
      return `The log has ${bytes(file?.lengthBytes ?? snapshot.fileBytes)} now. ${stress(isFromMemory(view) ? "It was made from memory." : "It says what the old one said.")}`;
    }
    case "child":
      if (hasFailed(view)) {
        if (wasCalledOff(view)) return `The child was ended. ${stress("The old log is whole and goes on.")}`;
        const how = view.child.exit && "code" in view.child.exit ? "has failed" : "was killed";
        return `The child ${how}. ${stress("The old log is whole and goes on.")}`;
      }
      if (!view.child.alive) {
        return `The child is done. ${stress(`The parent has ${bytes(restOf(view))} to add.`)}`;
      }
      if (after && view.child.keysDone === view.child.keysTotal) {
        const rest = wroteSince(view)
          ? stress("while new writes keep arriving.")
          : stress("read from memory, not from the old log.");
        return after.bytes < before.bytes
          ? `The log shrinks from ${bytes(before.bytes)} to ${after.bytes}${wroteSince(view) ? "" : ","} ${rest}`
          : `The dataset is written anew in ${bytes(after.bytes)}${wroteSince(view) ? "" : ","} ${rest}`;
      }
      return `A child writes ${many(before.keys, "key")} anew ${stress("while the parent keeps serving.")}`;
    default:
      if (isRenamed(snapshot)) return `The name has moved in memory. ${stress("On disk it has not.")}`;
      return `The child is done. ${stress("The parent adds the rest and changes the name.")}`;
  }
}

export const en: RewriteText = {
  event,
  mark,
  caption,
  noteEvent,
  noteMark,
  noteCaption,
  command,
  headline,
};
