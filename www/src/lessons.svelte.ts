import type { Scene } from "./lab.svelte";
import type { DiskModel, HoleName, LabOptions, Policy, ProfileName, ScenarioName } from "./types";

export type Lesson = Exclude<ScenarioName, "empty">;

/** What there is to look at, in the order in which it is best looked at. */
export const LESSONS = ["first-visit", "rewrite", "rename"] as const;

interface Hole {
  profile: ProfileName;
  policy: Policy;
  diskModel: DiskModel;
}

const redis62 = { profile: "redis-6.2", diskModel: "exact" } as const;
const redis30 = { profile: "redis-3.0", diskModel: "exact" } as const;

/** Known holes, each with the settings under which one failure shows it. */
export const HOLES: Readonly<Record<HoleName, Hole>> = {
  "postponed-write": { ...redis62, policy: "everysec" },
  "rename-before-residual": { ...redis62, policy: "everysec" },
  "rename-before-sync": { ...redis30, policy: "always" },
  "lost-rename": { ...redis62, policy: "always" },
  "always-during-rewrite": { ...redis62, policy: "always" },
  "forgotten-sync": { ...redis62, policy: "everysec" },
  "ignored-sync": { ...redis30, policy: "always" },
  "half-transaction": { ...redis30, policy: "everysec", diskModel: "any-prefix" },
  "silent-zeros": { ...redis62, policy: "everysec", diskModel: "zero-tail" },
};
export const HOLE_NAMES = Object.keys(HOLES) as HoleName[];

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
  if (isHole(lesson)) return { scenario: lesson, ...HOLES[lesson] };
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
