// Who acted in a step of a rewrite, and what its sentence is about.
import type { StepFact } from "../types";

/** The child speaks at its own card; clients, the kernel and the disk at the parent's. */
export function speakerOf(fact: StepFact): "parent" | "child" {
  if (fact.kind !== "rewrite" || fact.rewrite.name === "child-killed") return "parent";
  return fact.rewrite.name.startsWith("child-") ? "child" : "parent";
}

export function pointsTo(fact: StepFact): "pipes" | "files" | null {
  if (fact.kind === "write" || fact.kind.startsWith("sync-")) return "files";
  if (fact.kind !== "rewrite") return null;
  switch (fact.rewrite.name) {
    case "pipes":
    case "send":
    case "writable":
    case "stop-asked":
    case "child-read":
    case "child-wait":
    case "child-stop":
    case "child-ack":
    case "close-pipes":
      return "pipes";
    case "work-start":
    case "work-end":
    case "switched":
    case "child-open":
    case "child-write":
    case "child-sync":
    case "child-close":
    case "child-rename":
    case "child-unlink":
      return "files";
    default:
      return null;
  }
}
