import type { Run } from "./fit";

/** One name for the same record in the buffer, the pipe and the child. */
export function pieceKey(run: Run): string {
  if (run.twin !== null) return `twin-${run.twin}`;
  return run.text === null ? "" : `text-${run.text}`;
}
