// SET a 5, stepped down to the disk under each policy, with the power cut on the way.
import { expect, test } from "@playwright/test";
import type { Layer, Policy, Snapshot } from "../../web/src/types.ts";
import {
  choosePolicy,
  expectDrawn,
  indexOf,
  layerOf,
  open,
  snapshot,
  stepUntil,
  tileOf,
  type,
} from "./lab.ts";

const WORDS = ["SET", "a", "5"];
const ORDER: Layer[] = ["memory", "cache", "syncing", "disk"];
const POLICIES: Policy[] = ["always", "everysec", "no"];

/** The page with nothing left to do under a policy, and SET a 5 just run. */
async function start(page: Parameters<typeof open>[0], policy: Policy): Promise<Snapshot> {
  await open(page);
  await choosePolicy(page, policy);
  await stepUntil(page, (snap) => snap.can.step !== true);
  await type(page, WORDS.join(" "));
  return (await stepUntil(page, (snap) => newest(snap) !== null)).at(-1) as Snapshot;
}

/** Layer of the command that was typed: the last in the log, not the one of the opening run. */
function newest(snap: Snapshot): Layer | null {
  const entry = snap.log.at(-1);
  return entry && entry.words.join(" ") === WORDS.join(" ") && entry.from >= 131
    ? entry.layer
    : null;
}

for (const policy of POLICIES) {
  test(`${policy}: a command falls layer by layer to the disk`, async ({ page }) => {
    const first = await start(page, policy);
    expect(newest(first)).toBe("memory");
    const index = indexOf(first, WORDS);
    await expect(tileOf(page, index)).toHaveAttribute("data-layer", "memory");
    const seen = await stepUntil(page, (snap) => newest(snap) === "disk");
    const layers = seen.map((snap) => ORDER.indexOf(newest(snap) as Layer));
    expect(layers).toEqual([...layers].sort((a, b) => a - b));
    expect(new Set(layers)).toContain(ORDER.indexOf("cache"));
    await expect(tileOf(page, index)).toHaveAttribute("data-layer", "disk");
    await expectDrawn(page);
  });

  test(`${policy}: an acknowledgement comes when the policy says so`, async ({ page }) => {
    await start(page, policy);
    const seen = await stepUntil(
      page,
      (snap) => newest(snap) === "disk" && snap.log.at(-1)?.acknowledged === true,
    );
    const acked = seen.find((snap) => snap.log.at(-1)?.acknowledged);
    if (policy === "always") expect(acked && newest(acked)).toBe("disk");
    else expect(acked && newest(acked)).not.toBe("disk");
  });

  test(`${policy}: the power is cut on the way, and both disks can be booted`, async ({ page }) => {
    await start(page, policy);
    await stepUntil(page, (snap) => newest(snap) === "cache" || newest(snap) === "syncing");
    const before = await snapshot(page);
    await page.getByRole("button", { name: /Cut the power/ }).click();
    const cut = await snapshot(page);
    expect(cut.state).toBe("power-lost");
    expect(cut.crash?.images).toBe(before.written - before.synced + 1);
    expect(cut.crash?.promise.kept).toBe(true);
    await expect(page.getByRole("heading", { name: "Possible disks" })).toBeVisible();
    await page.getByRole("button", { name: /the worst disk/ }).click();
    await stepUntil(page, (snap) => snap.state === "running" && snap.can.submit === true);
    const worst = await snapshot(page);
    expect(worst.fileBytes).toBe(before.synced);
    await expectDrawn(page);
  });
}

test("the worst disk loses what the best one keeps", async ({ page }) => {
  await start(page, "everysec");
  await stepUntil(page, (snap) => newest(snap) === "cache");
  await page.getByRole("button", { name: /Cut the power/ }).click();
  const cut = await snapshot(page);
  const kept = cut.crash?.groups.map((group) => group.keptWrites) ?? [];
  expect(Math.min(...kept)).toBe(4);
  expect(Math.max(...kept)).toBe(cut.log.at(-1)?.acknowledged ? 5 : 4);
  await page.getByRole("button", { name: /the best disk/ }).click();
  const best = (
    await stepUntil(page, (snap) => snap.state === "running" && snap.can.submit === true)
  ).at(-1);
  expect(best?.keyCount).toBe(4);
  expect(best?.fileBytes).toBe(158);
});

test("a disk can be booted by its length, torn in the middle of a command", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: /Cut the power/ }).click();
  const cut = await snapshot(page);
  expect([cut.crash?.images, cut.crash?.worst, cut.crash?.best]).toEqual([55, 50, 104]);
  expect(cut.crash?.groups.map((group) => group.images)).toEqual([27, 27, 1]);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "The disk could look 55 ways now. All of them still have SET a.",
  );
  await page.getByRole("spinbutton").fill("63");
  await page.getByRole("button", { name: "a length you choose" }).click();
  const seen = await stepUntil(
    page,
    (snap) => snap.state === "running" && snap.can.submit === true,
  );
  const torn = seen.map((snap) => snap.fact).find((fact) => fact.kind === "boot-truncate");
  expect(torn).toMatchObject({ validUpTo: 50, fileBytes: 63, tornPresent: 13 });
  expect(seen.at(-1)?.keyCount).toBe(1);
});

test("layers of a command are what the profile and policy switch says", async ({ page }) => {
  await open(page);
  await page.getByRole("combobox", { name: "Behaves like" }).selectOption("hardened");
  const snap = await snapshot(page);
  expect(snap.profile).toBe("hardened");
  expect(layerOf(snap, ["SET", "a", "1"])).toBe("disk");
  await expectDrawn(page);
});
