import { expect, test } from "@playwright/test";
import { expectDrawn, open, snapshot, stepButton } from "./lab.ts";

test("the page opens still on the moment after an acknowledgement", async ({ page }) => {
  await page.clock.install();
  const { stage, errors } = await open(page);
  const snap = await snapshot(page);
  expect(snap.step).toBe(15);
  expect(snap.stepCount).toBe(19);
  expect(snap.policy).toBe("everysec");
  expect(snap.profile).toBe("redis-6.2");
  expect([snap.synced, snap.written, snap.acknowledged]).toEqual([50, 104, 131]);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "Four writes were acknowledged. Only one is sure to survive a power cut.",
  );
  await expect(stage).toContainText(
    "The server said +OK to SET d 4, but its 27 bytes are still in aof_buf.",
  );
  await expectDrawn(page);
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
  await page.clock.runFor(60_000);
  expect((await snapshot(page)).step).toBe(15);
  expect(errors).toEqual([]);
});

test("the verdict says it in three numbers with one chip a write", async ({ page }) => {
  await open(page);
  const block = (name: string) => page.locator(`[data-failure=${name}]`);
  await expect(block("killed")).toContainText("of 4 survive");
  await expect(block("killed").locator("p").first()).toHaveText("3");
  await expect(block("killed")).toContainText("Lost: SET d 4 · 27\u2009B · 1\u2009ms");
  await expect(block("power").locator("p").first()).toHaveText("1");
  await expect(block("power")).toContainText("At risk: 3 writes · 81\u2009B · 795\u2009ms");
  await expect(block("diskError").locator("p").first()).toHaveText("2");
  await expect(block("diskError")).toContainText("of 4 safe, 2 in doubt");
  const fates = await block("power")
    .locator("li")
    .evaluateAll((chips) => chips.map((chip) => (chip as HTMLElement).dataset.state));
  expect(fates).toEqual(["kept", "maybe", "maybe", "lost"]);
});

test("the bytes stand in proportion: each tile begins at its offset in every layer", async ({
  page,
}) => {
  await open(page);
  const snap = await snapshot(page);
  const boxes = await page.locator("[data-testid=stage] li[data-cmd]").evaluateAll((tiles) =>
    tiles.map((tile) => {
      const box = tile.getBoundingClientRect();
      return { index: Number((tile as HTMLElement).dataset.cmd), left: box.left, right: box.right };
    }),
  );
  const first = boxes[0];
  const last = boxes.at(-1);
  if (!first || !last) throw new Error("no tiles");
  const perByte = (last.right - first.left + 4) / snap.appended;
  for (const box of boxes) {
    const entry = snap.log.find((candidate) => candidate.index === box.index);
    expect(Math.abs(box.left - first.left - (entry?.from ?? 0) * perByte)).toBeLessThan(2);
  }
});

test("a first visit in English: step to the end, back, and to the start", async ({ page }) => {
  const { errors } = await open(page);
  const opening = await snapshot(page);
  for (let step = 16; step <= 19; step += 1) {
    await stepButton(page).click();
    await expectDrawn(page);
  }
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "Four writes were acknowledged. All four would survive a power cut.",
  );
  await expect(page.locator("[data-failure=power]")).toContainText("All kept");
  for (let step = 18; step >= 15; step -= 1) {
    await page.getByRole("button", { name: "Step back" }).click();
    await expectDrawn(page);
  }
  expect((await snapshot(page)).digest).toBe(opening.digest);
  expect(errors).toEqual([]);
});

test.describe("a first visit in Chinese", () => {
  test.use({ locale: "zh-CN" });

  test("everything is said in Chinese, and the language can be switched", async ({ page }) => {
    const { stage, errors } = await open(page);
    await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(
      "四次写入都收到了 OK，断电后一定还在的只有一次。",
    );
    await expect(stage).toContainText("服务器已对 SET d 4 回复 +OK，但这 27 字节还在 aof_buf 里");
    await expect(page.locator("[data-failure=killed]")).toContainText(
      "丢失：SET d 4 · 27 字节 · 1 毫秒",
    );
    await page.getByRole("button", { name: "下一步" }).click();
    await expectDrawn(page);
    await page.getByRole("button", { name: "English" }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
    await page.reload();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    expect(errors).toEqual([]);
  });
});

test("play walks the rest of the run by itself and stops at its end", async ({ page }) => {
  await page.clock.install();
  await open(page);
  await page.getByRole("button", { name: "Play" }).click();
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  expect((await snapshot(page)).step).toBe(16);
  await page.clock.runFor(60_000);
  expect((await snapshot(page)).step).toBe(19);
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
});

test("pausing takes effect before the next step", async ({ page }) => {
  await page.clock.install();
  await open(page);
  await page.getByRole("button", { name: "Play" }).click();
  await page.getByRole("button", { name: "Pause" }).click();
  const { step } = await snapshot(page);
  await page.clock.runFor(60_000);
  expect((await snapshot(page)).step).toBe(step);
});
