import type { RewriteFact, RewriteNoteFact, Snapshot } from "../types";

/** What the page says about a rewrite, in one language. These sentences come with the scene, after
 * the page has opened: a first visit does not need them. */
export interface RewriteText {
  event(fact: RewriteFact): string;
  mark(fact: RewriteFact): string;
  caption(fact: RewriteFact, snapshot: Snapshot): string;
  noteEvent(fact: RewriteNoteFact): string;
  noteMark(fact: RewriteNoteFact): string;
  noteCaption(fact: RewriteNoteFact, snapshot: Snapshot): string;
  /** What a command did to the memory that parent and child share; nothing if it did nothing. */
  copied(snapshot: Snapshot): string | null;
  headline(snapshot: Snapshot, rename: boolean): string;
}

class Late {
  en: RewriteText | null = $state.raw(null);
  zh: RewriteText | null = $state.raw(null);
}

/** Filled by the chunk of the rewrite. */
export const late = new Late();
