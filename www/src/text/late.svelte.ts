import type { RewriteFact, RewriteNoteFact, Snapshot, StepFact } from "../types";

type CommandFact = Extract<StepFact, { kind: "command" }>;

/** What the page says about a rewrite, in one language. These sentences come with the scene, after
 * the page has opened: a first visit does not need them. */
export interface RewriteText {
  event(fact: RewriteFact): string;
  mark(fact: RewriteFact): string;
  caption(fact: RewriteFact, snapshot: Snapshot): string;
  noteEvent(fact: RewriteNoteFact): string;
  noteMark(fact: RewriteNoteFact): string;
  noteCaption(fact: RewriteNoteFact, snapshot: Snapshot): string;
  /** A command while a child lives; nothing when there is nothing to add to the usual sentence. */
  command(fact: CommandFact, snapshot: Snapshot): string | null;
  /** Nothing when the rewrite is not what the moment is about. */
  headline(snapshot: Snapshot): string | null;
}

class Late {
  en: RewriteText | null = $state.raw(null);
  zh: RewriteText | null = $state.raw(null);
}

/** Filled by the chunk of the rewrite. */
export const late = new Late();
