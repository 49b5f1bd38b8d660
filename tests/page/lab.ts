// What the tests share: opening the page, reading what it shows, and the rules every page keeps.
import { expect, type Locator, type Page } from "@playwright/test";
import type { Layer, Policy, Snapshot, Timeline } from "../../web/src/types.ts";

interface Playground {
  snapshot(): Snapshot;
  timeline(): Timeline;
}

export interface Opened {
  page: Page;
  stage: Locator;
  /** console errors and page errors so far; a page has none */
  errors: string[];
}

export async function open(page: Page, path = "/"): Promise<Opened> {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(path);
  const stage = page.getByTestId("stage");
  await expect(stage).toBeVisible();
  return { page, stage, errors };
}

export function snapshot(page: Page): Promise<Snapshot> {
  return page.evaluate(() => {
    const { playground } = window as unknown as { playground: Playground };
    return playground.snapshot();
  });
}

export function timeline(page: Page): Promise<Timeline> {
  return page.evaluate(() => {
    const { playground } = window as unknown as { playground: Playground };
    return playground.timeline();
  });
}

export async function choosePolicy(page: Page, policy: Policy): Promise<void> {
  await page.getByRole("radio", { name: policy, exact: true }).check({ force: true });
  await expect.poll(async () => (await snapshot(page)).policy).toBe(policy);
}

export async function type(page: Page, line: string): Promise<void> {
  const prompt = page.getByRole("textbox");
  await prompt.fill(line);
  await prompt.press("Enter");
}

/** Shows the tables. They are fetched when they are first asked for: only then are they there. */
export async function showTables(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^(Table view|表格视图)$/ }).click();
  await expect(page.getByTestId("tables")).toBeVisible();
}

export function stepButton(page: Page): Locator {
  return page.getByRole("button", { name: /^(Step|下一步)$/ });
}

export function tileOf(page: Page, index: number): Locator {
  return page.locator(`[data-testid=stage] li[data-cmd="${index}"]`);
}

/** Index of the newest command in the log with these words; -1 when it is not there. */
export function indexOf(snap: Snapshot, words: string[]): number {
  const found = snap.log.filter((entry) => entry.words.join(" ") === words.join(" ")).at(-1);
  return found ? found.index : -1;
}

export function layerOf(snap: Snapshot, words: string[]): Layer | null {
  return (
    snap.log.filter((entry) => entry.words.join(" ") === words.join(" ")).at(-1)?.layer ?? null
  );
}

/** Steps until the picture satisfies `done`; fails when the run comes to rest first. */
export async function stepUntil(
  page: Page,
  done: (snap: Snapshot) => boolean,
  most = 400,
): Promise<Snapshot[]> {
  const seen = [await snapshot(page)];
  for (let count = 0; count < most; count += 1) {
    const last = seen.at(-1);
    if (last && done(last)) return seen;
    if (last?.can.step !== true) break;
    await stepButton(page).click();
    seen.push(await snapshot(page));
  }
  const last = seen.at(-1);
  if (last && done(last)) return seen;
  throw new Error(`not reached in ${seen.length} steps; last fact ${JSON.stringify(last?.fact)}`);
}

/** The picture agrees with the snapshot: step, digest, and one tile a command in its layer. */
export async function expectDrawn(page: Page): Promise<void> {
  const snap = await snapshot(page);
  const stage = page.getByTestId("stage");
  await expect(stage).toHaveAttribute("data-step", String(snap.step));
  await expect(stage).toHaveAttribute("data-hash", snap.digest);
  if (snap.crash || snap.log.length > 20) return;
  const tiles = await stage
    .locator("li[data-cmd]")
    .evaluateAll((list) =>
      list.map((tile) => [(tile as HTMLElement).dataset.cmd, (tile as HTMLElement).dataset.state]),
    );
  const whole = snap.log.filter((entry) => !(entry.from < snap.written && entry.to > snap.written));
  for (const entry of whole) {
    expect(tiles).toContainEqual([String(entry.index), entry.layer]);
  }
}
