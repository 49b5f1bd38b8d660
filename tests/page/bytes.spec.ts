// The bytes of a disk: opened from the list of possible disks, cut, flipped, loaded both ways, and
// played back.
import { expect, test, type Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { open, snapshot, stepUntil, timeline } from "./lab.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const dialog = (page: Page) => page.getByTestId("bytes");
const says = (page: Page) => dialog(page).getByRole("status");
const row = (page: Page, kind: string) => dialog(page).locator(`[data-ledger=${kind}]`);

async function openBytes(page: Page, which: number): Promise<void> {
  await page.getByRole("button", { name: /Cut the power/ }).click();
  await page.getByRole("button", { name: /^Bytes: / }).nth(which).click();
  await expect(dialog(page)).toBeVisible();
}

test("each possible disk can be opened, with its valid end and its ledger", async ({ page }) => {
  const fetched: string[] = [];
  page.on("request", (request) => fetched.push(request.url()));
  const { errors } = await open(page);
  await page.getByRole("button", { name: /Cut the power/ }).click();
  await expect(page.getByRole("button", { name: /^Bytes: / }).first()).toBeVisible();
  // A first visit loads none of it, and a failure only its own part.
  expect(fetched.filter((url) => url.includes("/lazy-"))).toHaveLength(1);
  const { crash } = await snapshot(page);
  for (const [index, group] of (crash?.groups ?? []).entries()) {
    await page.getByRole("button", { name: /^Bytes: / }).nth(index).click();
    const torn = group.longest - group.shortest;
    await expect(says(page)).toContainText(
      torn > 0
        ? `Valid up to byte ${group.shortest} of ${group.longest}. A start cuts off the last ${torn} bytes.`
        : `All ${group.longest} bytes are valid.`,
    );
    await expect(row(page, "kept").locator("b")).toHaveText(String(group.keptWrites));
    await expect(row(page, "lost").locator("b")).toHaveText(String(group.lostWrites));
    await expect(dialog(page).locator(".entry.torn")).toHaveCount(torn > 0 ? 1 : 0);
    await page.keyboard.press("Escape");
    await expect(dialog(page)).toHaveCount(0);
  }
  expect(errors).toEqual([]);
});

test("a cut is torn or refused as aof-load-truncated says", async ({ page }) => {
  await open(page);
  await openBytes(page, 2);
  await dialog(page).getByLabel("The file ends at byte").fill("60");
  await expect(says(page)).toHaveText(
    "Valid up to byte 50 of 60. A start cuts off the last 10 bytes.",
  );
  await expect(row(page, "lost")).toContainText("SET b 2, SET c 3, SET d 4");
  await dialog(page).getByRole("radio", { name: "no" }).check();
  await expect(says(page)).toHaveText("Valid up to byte 50 of 60. A start refuses this file.");
  await expect(dialog(page)).toContainText("none: the server does not start");
  await dialog(page).getByLabel("The file ends at byte").fill("99999");
  await expect(dialog(page).getByLabel("The file ends at byte")).toHaveValue("104");
  await dialog(page).getByLabel("The file ends at byte").pressSequentially("9");
  await page.keyboard.press("Enter");
  await expect(dialog(page).getByLabel("The file ends at byte")).toHaveValue("104");
  await dialog(page).getByLabel("The file ends at byte").fill("60");
  await dialog(page).getByRole("button", { name: "As it was" }).click();
  await expect(says(page)).toHaveText("All 104 bytes are valid. A start loads 4 commands.");
});

test("a flipped bit in a value comes back as another value, by keyboard", async ({ page }) => {
  await open(page);
  await openBytes(page, 2);
  const byte = dialog(page).getByRole("spinbutton", { name: "Byte", exact: true });
  await byte.fill("46");
  await dialog(page).getByRole("group", { name: "Bytes and commands" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(byte).toHaveValue("47");
  await page.keyboard.press("1");
  await expect(row(page, "altered")).toContainText("SET a 1");
  await expect(dialog(page)).toContainText("a = 3");
  await expect(says(page)).toContainText(
    "1 write came back as something else, and nobody is told.",
  );
  await page.keyboard.press("1");
  await expect(row(page, "altered").locator("b")).toHaveText("0");
  await byte.fill("23");
  await dialog(page).getByRole("button", { name: /^Flip bit 0,/ }).click();
  await expect(says(page)).toHaveText("Valid up to byte 23 of 104. A start refuses this file.");
  await expect(dialog(page).locator(".entry.broken")).toHaveCount(1);
  await expect(dialog(page).locator(".entry.broken")).toContainText("81 bytes that cannot be read");
});

test("the recovery plays command by command, and the disk can be booted", async ({ page }) => {
  await open(page);
  await openBytes(page, 1);
  const keys = dialog(page).locator(".keys li");
  const next = dialog(page).getByRole("button", { name: "Next command" });
  const counts = [];
  for (let press = 0; press < 3; press += 1) {
    await next.click();
    counts.push(await keys.count());
  }
  expect(counts).toEqual([0, 1, 2]);
  await next.click();
  await expect(keys).toHaveCount(2);
  await dialog(page).getByRole("button", { name: "Boot from it" }).click();
  await expect(dialog(page)).toHaveCount(0);
  const booted = await snapshot(page);
  expect(booted.fact).toMatchObject({ kind: "boot-open", imageBytes: 103 });
});

const boot = (page: Page) => dialog(page).getByRole("button", { name: /boot from it$/i });

test("a server starts from a cut file, and Play goes over what it loads", async ({ page }) => {
  const { errors } = await open(page);
  await openBytes(page, 2);
  // No client wrote what a flipped bit makes: the file is shown, but no run goes on from it.
  await dialog(page).getByRole("spinbutton", { name: "Byte", exact: true }).fill("79");
  await dialog(page).getByRole("button", { name: /^Flip bit 0,/ }).click();
  await expect(boot(page)).toHaveAttribute("aria-disabled", "true");
  await expect(dialog(page)).toContainText("no client wrote what it holds.");
  const before = await snapshot(page);
  await boot(page).click({ force: true });
  await expect(dialog(page)).toBeVisible();
  expect((await snapshot(page)).step).toBe(before.step);
  // A cut before it leaves nothing of it.
  await dialog(page).getByLabel("The file ends at byte").fill("60");
  await expect(boot(page)).toHaveAttribute("aria-disabled", "false");
  await expect(dialog(page)).toContainText("this failure alone does not leave this file");
  await boot(page).click();
  await expect(dialog(page)).toHaveCount(0);
  expect((await snapshot(page)).fact).toMatchObject({ kind: "boot-open", imageBytes: 60 });
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await expect.poll(async () => (await snapshot(page)).state).toBe("running");
  const up = await snapshot(page);
  expect([up.keyCount, up.fileBytes]).toEqual([1, 50]);
  await expect(page.getByRole("heading", { level: 1 })).not.toContainText("reading its log");
  expect(errors).toEqual([]);
});

test("a refused start says why, also for the log of a server that ran", async ({ page }) => {
  await open(page);
  await openBytes(page, 2);
  await dialog(page).getByLabel("The file ends at byte").fill("60");
  await dialog(page).getByRole("radio", { name: "no" }).check();
  await expect(dialog(page)).toContainText("With aof-load-truncated no.");
  await boot(page).click();
  await stepUntil(page, ({ state }) => state === "refused");
  await expect(page.getByTestId("stage")).toContainText("The loader refused the log: ");
  await page.getByRole("button", { name: "Choose another disk" }).click();
  expect((await snapshot(page)).crash?.kind).toBe("power-cut");
  await expect(page.getByRole("button", { name: /^Bytes: / })).toHaveCount(3);
  // The log of a running server: it is killed first, on a branch of its own.
  await open(page);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Look at the bytes of the log" }).click();
  await dialog(page).getByLabel("The file ends at byte").fill("30");
  await dialog(page).getByRole("radio", { name: "no" }).check();
  await expect(boot(page)).toHaveText("Kill the server, boot from it");
  await boot(page).click();
  const seen = await stepUntil(page, ({ state }) => state === "refused");
  expect(seen.at(-1)?.fact).toMatchObject({ kind: "boot-refused", at: 23 });
  const { branches } = await timeline(page);
  expect(branches.map(({ cause }) => cause)).toEqual(["main", "killed"]);
});

test("a length that no disk has is not booted, and the nearest is offered", async ({ page }) => {
  await open(page, "/#rename-before-residual");
  await page.getByRole("button", { name: /Cut the power/ }).click();
  const button = page.getByRole("button", { name: "a length you choose" });
  const field = page.getByRole("spinbutton", { name: /^Length in bytes/ });
  const lengths = (await snapshot(page)).crash?.files.map(({ longest }) => longest) ?? [];
  expect(lengths).toHaveLength(2);
  await expect(button).toHaveAttribute("aria-disabled", "false");
  const before = await snapshot(page);
  await field.fill("1000");
  await expect(button).toHaveAttribute("aria-disabled", "true");
  await field.press("Enter");
  expect((await snapshot(page)).step).toBe(before.step);
  await expect(page.getByText(/No disk is 1.?000 bytes long now/)).toBeVisible();
  const nearest = Math.min(...lengths);
  await page.locator("#no-length").getByRole("button").click();
  await expect(field).toHaveValue(String(nearest));
  await button.click();
  expect((await snapshot(page)).fact).toMatchObject({ kind: "boot-open", imageBytes: nearest });
});

test("the log of a running server has bytes, too, in both languages", async ({ page }) => {
  await open(page, "/#rewrite");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Look at the bytes of the log" }).click();
  await expect(says(page)).toHaveText("All 2343 bytes are valid. A start loads 110 commands.");
  await dialog(page).getByRole("button", { name: "Bytes after" }).click();
  await expect(dialog(page)).toContainText("bytes 2048 to 2343 of 2343");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("button", { name: "设置" }).click();
  await page.getByRole("button", { name: "看日志的字节" }).click();
  await expect(says(page)).toHaveText("2343 字节全都有效。启动时载入 110 条命令。");
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the bytes, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page);
    await openBytes(page, 0);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join()}`);
    });
    expect(found).toEqual([]);
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });
  test("nothing of the bytes is wider than the window", async ({ page }) => {
    await open(page);
    await openBytes(page, 0);
    const wide = await dialog(page).evaluate((element) => element.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
    for (const line of await dialog(page).locator(".lines p").all()) {
      const box = await line.evaluate((element) => element.scrollWidth <= element.clientWidth);
      expect(box).toBe(true);
    }
  });
});
