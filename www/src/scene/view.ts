// What the scenes draw. The contract stands beside the bindings, with the rest of the snapshot.
import type { RewriteView } from "../types";

export type {
  DatasetText,
  KeyCell,
  Piece,
  PipeView,
  RewriteView,
  Verdict,
  VerdictRow,
} from "../types";
export type FileView = RewriteView["files"][number];
