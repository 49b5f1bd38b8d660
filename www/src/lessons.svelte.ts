import type { Scene } from "./lab.svelte";
import type { HoleName, LabOptions, ScenarioName } from "./types";

export type Lesson = Exclude<ScenarioName, "empty">;

/** What there is to look at, in the order in which it is best looked at. */
export const LESSONS = ["first-visit", "rewrite", "rename"] as const;

/** Known holes, and whether each is a lesson. The engine knows the settings under which one failure
 * shows it. What a start takes back is not part of the verdict beside the stage, so beside the torn
 * transaction it would say that all is kept. */
const HOLES: Readonly<Record<HoleName, boolean>> = {
  "postponed-write": true,
  "rename-before-residual": true,
  "rename-before-sync": true,
  "lost-rename": true,
  "always-during-rewrite": true,
  "forgotten-sync": true,
  "ignored-sync": true,
  "half-transaction": true,
  "torn-transaction": false,
  "silent-zeros": true,
};
export const HOLE_NAMES = (Object.keys(HOLES) as HoleName[]).filter((name) => HOLES[name]);

/** What it opens with: a story of names is seen where names and files are drawn. */
export function sceneOf(lesson: Lesson): Scene {
  switch (lesson) {
    case "rewrite":
      return "rewrite";
    case "rename":
    case "rename-before-residual":
    case "rename-before-sync":
    case "lost-rename":
      return "rename";
    default:
      return "log";
  }
}

export function isHole(lesson: Lesson): lesson is HoleName {
  return lesson in HOLES;
}

/** What each begins with; everything can be changed afterwards. */
export function optionsOf(lesson: Lesson): LabOptions {
  if (isHole(lesson)) return { scenario: lesson };
  const profile = lesson === "rename" ? "hardened" : "redis-6.2";
  return { scenario: lesson, policy: "everysec", profile };
}

function named(hash: string): Lesson | undefined {
  return [...LESSONS, ...HOLE_NAMES].find((lesson) => `#${lesson}` === hash);
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
