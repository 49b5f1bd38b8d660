// The lessons of the rewrite: how they are reached, what they open on, and that every step of them
// is drawn and put into words.
import { expect, test, type Page } from "@playwright/test";
import type { Snapshot } from "../../web/src/types.ts";
import { choosePolicy, open, showTables, snapshot, stepUntil, timeline, type } from "./lab.ts";

const lesson = (page: Page) => page.getByRole("combobox", { name: /^(Lesson|课程)$/ });
const shown = (page: Page) => page.getByRole("combobox", { name: /^(Show|看)$/ });

async function seek(page: Page, step: number): Promise<void> {
  await page.getByRole("slider").evaluate((input, to) => {
    const range = input as HTMLInputElement;
    range.min = "0";
    range.value = String(to);
    range.dispatchEvent(new Event("input", { bubbles: true }));
  }, step);
  await expect.poll(async () => (await snapshot(page)).step).toBe(step);
}

function rewriteOf(snap: Snapshot): NonNullable<Snapshot["rewrite"]> {
  if (!snap.rewrite) throw new Error("no rewrite");
  return snap.rewrite;
}

test("the rewrite opens when the child asks to stop, with the numbers of the design", async ({
  page,
}) => {
  const { stage, errors } = await open(page, "/#rewrite");
  const snap = await snapshot(page);
  const view = rewriteOf(snap);
  expect(snap.fact).toMatchObject({ kind: "rewrite", rewrite: { name: "child-stop" } });
  expect([view.before.bytes, view.before.commands, view.after?.bytes]).toEqual([2231, 105, 160]);
  expect([view.child.diffBytes, view.pipes.data.bytes, view.diff.waitingBytes]).toEqual([
    44, 20, 48,
  ]);
  expect([view.diff.blockBytes, view.diff.freedBlocks]).toEqual([64, 1]);
  const old = view.files.find((file) => file.role === "old");
  expect([old?.lengthBytes, old?.durableBytes]).toEqual([2343, 2295]);
  expect([snap.verdict.killed.sure, snap.verdict.power.sure, snap.verdict.power.of]).toEqual([
    108, 106, 108,
  ]);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "The log shrinks from 2231 bytes to 160 while new writes keep arriving.",
  );
  await expect(stage).toContainText(
    "The child wrote ! into the stop pipe: send no more. The parent still holds 48 bytes and will append them itself.",
  );
  await expect(lesson(page)).toHaveValue("rewrite");
  expect(errors).toEqual([]);
});

test("the rename opens before the directory is synced, and the other order can be tried", async ({
  page,
}) => {
  const { stage, errors } = await open(page, "/#rename");
  const snap = await snapshot(page);
  const view = rewriteOf(snap);
  expect(snap.profile).toBe("hardened");
  const name = view.directory.find((entry) => entry.name === "appendonly.aof");
  expect([name?.cached, name?.durable]).toEqual([18, 17]);
  expect(view.files.map((file) => [file.role, file.lengthBytes, file.durableBytes])).toEqual([
    ["old", 2343, 2343],
    ["new", 272, 272],
  ]);
  expect(view.recovered.old?.keys).toBe(5);
  expect(view.recovered.new).toEqual(view.recovered.old);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "The name has moved in memory. On disk it has not.",
  );
  await expect(stage).toContainText("in the cached directory. On disk it is still inode 17.");
  await page.getByRole("button", { name: "Try that order" }).click();
  const other = await snapshot(page);
  expect(other.profile).toBe("redis-6.2");
  const fact = other.fact;
  expect(fact.kind === "rewrite" && fact.rewrite.name === "work-end" && fact.rewrite.work.what).toBe(
    "rename",
  );
  const fresh = rewriteOf(other).files.find((file) => file.role === "new");
  expect(fresh?.durableBytes).toBeLessThan(fresh?.lengthBytes ?? 0);
  expect(errors).toEqual([]);
});

test("a lesson is an address, is chosen by keyboard, and keeps the focus", async ({ page }) => {
  const { errors } = await open(page);
  await lesson(page).focus();
  await lesson(page).selectOption("rewrite");
  await expect.poll(async () => (await snapshot(page)).rewrite !== null).toBe(true);
  expect(new URL(page.url()).hash).toBe("#rewrite");
  await expect(lesson(page)).toBeFocused();
  await expect(page.getByRole("status")).toHaveText(/^The rewrite\. The log shrinks/);
  await page.goBack();
  await expect.poll(async () => (await snapshot(page)).stepCount).toBe(19);
  await page.goForward();
  await expect.poll(async () => (await snapshot(page)).stepCount).toBeGreaterThan(120);
  await page.reload();
  await expect(lesson(page)).toHaveValue("rewrite");
  // The way to the picture does not change the address.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("stage")).toBeFocused();
  expect(new URL(page.url()).hash).toBe("#rewrite");
  expect(errors).toEqual([]);
});

test("the sentences of a rewrite are not loaded by a first visit", async ({ page }) => {
  const fetched: string[] = [];
  page.on("request", (request) => fetched.push(request.url()));
  await open(page);
  expect(fetched.filter((url) => url.includes("/lazy-"))).toEqual([]);
  await type(page, "BGREWRITEAOF");
  await expect.poll(() => fetched.filter((url) => url.includes("/lazy-")).length).toBe(1);
  await stepUntil(page, (snap) => snap.rewrite !== null);
  await expect(shown(page)).toHaveValue("log");
  await shown(page).selectOption("rewrite");
  await expect(page.locator("[data-scene=rewrite]")).toBeVisible();
});

const SETTINGS = (["redis-6.2", "hardened"] as const).flatMap((profile) =>
  (["everysec", "always", "no"] as const).map((policy) => ({ profile, policy })),
);
for (const { profile, policy } of SETTINGS) {
  test(`every step of the rewrite is drawn and said in both languages, ${profile}, ${policy}`, async ({
    page,
  }) => {
    test.setTimeout(180_000);
    const { errors } = await open(page, "/#rewrite");
    await page.getByRole("combobox", { name: "Behaves like" }).selectOption(profile);
    await expect.poll(async () => (await snapshot(page)).profile).toBe(profile);
    await choosePolicy(page, policy);
    const { marks } = await timeline(page);
    const fork = marks.find((m) => m.fact.kind === "rewrite" && m.fact.rewrite.name === "fork");
    const from = (fork?.step ?? 0) - 2;
    expect(from).toBeGreaterThan(100);
    const wrong: string[] = [];
    for (const language of ["中文", "English"]) {
      await page.getByRole("button", { name: language }).click();
      for (let step = from; step <= marks.length; step += 1) {
        await seek(page, step);
        const snap = await snapshot(page);
        const said = (await page.getByRole("status").innerText()).trim();
        const caption = said.replace(/^(Step \d+ of \d+\. |第 \d+ 步，共 \d+ 步\. )/, "");
        const long =
          language === "中文"
            ? [...caption].filter((char) => char > "\u2e80").length > 60
            : caption.length > 160;
        if (caption === "" || /undefined|NaN|null|\[object/.test(caption) || long) {
          wrong.push(`${step} ${language}: ${caption.length} ${caption}`);
        }
        const head = await page.getByRole("heading", { level: 1 }).innerText();
        if (head.trim() === "" || /undefined|NaN|\[object/.test(head)) wrong.push(`${step}: ${head}`);
        await expect(page.getByTestId("stage")).toHaveAttribute("data-hash", snap.digest);
      }
    }
    expect(wrong).toEqual([]);
    expect(errors).toEqual([]);
  });
}

test("the scrubber shows the rewrite and has its marks", async ({ page }) => {
  await open(page, "/#rewrite");
  const slider = page.getByRole("slider");
  const least = Number(await slider.getAttribute("min"));
  expect(least).toBeGreaterThan(100);
  await expect(page.locator(".scrub g.turn")).toHaveCount(2);
  const words = await page.locator(".scrub .word").allInnerTexts();
  for (const word of ["fork", "stop", "ack", "child fsync", "rename"]) {
    expect(words, word).toContain(word);
  }
  await slider.press("Home");
  await expect.poll(async () => (await snapshot(page)).step).toBe(0);
  await expect(slider).toHaveAttribute("min", "0");
});

test("every field says when it changed, and leads there", async ({ page }) => {
  await open(page, "/#rewrite");
  const snap = await snapshot(page);
  expect(snap.fields).toHaveLength(32);
  await page.getByText("All 32 fields").click();
  const field = snap.fields.find((one) => one.name === "aof_child_pid");
  expect(field?.value).toBe("4242");
  await page
    .getByRole("button", { name: `aof_child_pid changed at step ${field?.changedAtStep}: go there` })
    .click();
  const there = await snapshot(page);
  expect(there.step).toBe(field?.changedAtStep);
  expect(there.fact).toMatchObject({ kind: "rewrite", rewrite: { name: "fork" } });
  expect(there.function).toBe("rewriteAppendOnlyFileBackground");
  const current = page.locator("li[aria-current=step]");
  await expect(current).toContainText("rewriteAppendOnlyFileBackground");
  await page.getByText("All 10 functions").click();
  const flushed = there.functions.find((one) => one.name === "flushAppendOnlyFile");
  await page
    .getByRole("button", { name: `flushAppendOnlyFile was last called at step ${flushed?.lastStep}` })
    .click();
  expect((await snapshot(page)).function).toBe("flushAppendOnlyFile");
});

test("the same rewrite without a child is one lane with a toggle", async ({ page }) => {
  await open(page, "/#rewrite");
  const view = rewriteOf(await snapshot(page));
  const toggle = page.getByRole("button", { name: "Show the same rewrite without a child" });
  await expect(toggle).toHaveAttribute("aria-expanded", "false");
  await toggle.focus();
  await page.keyboard.press("Enter");
  const lane = page.locator("[data-region=foreground]");
  await expect(lane).toContainText("The event loop would have stood still for");
  await expect(lane.locator("li")).toHaveCount(view.foreground?.waiting.length ?? -1);
  expect(view.foreground?.waiting.length).toBeGreaterThan(0);
  await page.getByRole("button", { name: "Hide it" }).press("Enter");
  await expect(lane.locator(".lane")).toBeHidden();
});

test("the child can be killed, and nothing acknowledged is lost", async ({ page }) => {
  await open(page, "/#rewrite");
  const { of } = (await snapshot(page)).verdict.killed;
  await page.getByRole("button", { name: /Kill the child/ }).click();
  const killed = await snapshot(page);
  expect(killed.fact).toMatchObject({ kind: "rewrite", rewrite: { name: "child-killed" } });
  expect(killed.state).toBe("running");
  await expect(page.getByRole("button", { name: /Kill the child/ })).toContainText(
    "no child is running",
  );
  const seen = await stepUntil(page, (snap) => snap.rewrite?.stage === "failed");
  expect(seen.at(-1)?.verdict.killed.sure).toBe(of);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("The rewrite failed.");
});

test("the table says the same", async ({ page }) => {
  await open(page, "/#rewrite");
  const view = rewriteOf(await snapshot(page));
  await showTables(page);
  const rows = (name: string) => page.locator(`table[data-table=${name}] tbody tr`);
  await expect(rows("fields")).toHaveCount(32);
  await expect(rows("functions")).toHaveCount(10);
  await expect(rows("rewrite-files")).toHaveCount(view.files.length);
  await expect(rows("rewrite-keys")).toHaveCount(view.parent.keys.length);
  await expect(rows("rewrite-places").filter({ hasText: "DEL b" })).toContainText("data pipe");
  await rows("fields").filter({ hasText: "aof_buf" }).first().getByRole("button").click();
});

test("the focus stays on the picture where one takes the place of another", async ({ page }) => {
  const { stage } = await open(page, "/#rewrite");
  const { marks } = await timeline(page);
  const fork = marks.find((m) => m.fact.kind === "rewrite" && m.fact.rewrite.name === "fork");
  await seek(page, (fork?.step ?? 0) + 1);
  await stage.focus();
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("ArrowLeft");
  await expect.poll(async () => (await snapshot(page)).rewrite).toBe(null);
  await expect(page.getByTestId("stage")).toBeFocused();
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("ArrowRight");
  await expect(page.locator("[data-scene=rewrite]")).toBeVisible();
  await expect(page.getByTestId("stage")).toBeFocused();
});

test("a rewrite that does not shrink the log is not said to", async ({ page }) => {
  await open(page);
  await stepUntil(page, (snap) => snap.can.step !== true);
  await type(page, "BGREWRITEAOF");
  const seen = await stepUntil(page, (snap) => snap.rewrite?.after != null);
  const view = rewriteOf(seen.at(-1) as Snapshot);
  expect(view.after?.bytes).toBe(view.before.bytes);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    `The dataset is written anew in ${view.after?.bytes} bytes, read from memory, not from the old log.`,
  );
  await page.getByRole("button", { name: "See the two processes" }).click();
  await expect(page.locator("[data-scene=rewrite]")).toBeVisible();
});
