import type { LabOptions, ScenarioName } from "./types";

export type Lesson = Exclude<ScenarioName, "empty">;

/** What there is to look at, in the order in which it is best looked at. */
export const LESSONS: readonly Lesson[] = ["first-visit", "rewrite", "rename"];

/** What each begins with; everything can be changed afterwards. */
export function optionsOf(lesson: Lesson): LabOptions {
  const profile = lesson === "rename" ? "hardened" : "redis-6.2";
  return { scenario: lesson, policy: "everysec", profile };
}

function named(hash: string): Lesson | undefined {
  return LESSONS.find((lesson) => `#${lesson}` === hash);
}

/** The lesson is the hash of the address, so that it can be linked, bookmarked and gone back to. */
class Chosen {
  current: Lesson = $state(named(location.hash) ?? "first-visit");

  constructor() {
    addEventListener("hashchange", () => {
      const lesson = named(location.hash) ?? (location.hash === "" ? "first-visit" : undefined);
      if (lesson) this.current = lesson;
    });
  }

  choose(lesson: Lesson): void {
    if (lesson !== this.current) location.hash = lesson;
  }
}

export const chosen = new Chosen();
