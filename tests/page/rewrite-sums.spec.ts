// Sums and sentences about a rewrite that are easily wrong: writes that no log has, two files after
// a power cut, what became of which key, and that whoever types sees the picture.
import { expect, test, type Page } from "@playwright/test";
import type { Snapshot } from "../../web/src/types.ts";
import { open, snapshot, stepButton, stepUntil, type } from "./lab.ts";

const rest = (snap: Snapshot) => snap.can.step !== true;
const caption = (page: Page) => page.locator(".caption").first();

async function inBoth(page: Page, check: (language: "en" | "zh") => Promise<void>): Promise<void> {
  await check("en");
  await page.getByRole("button", { name: "中文" }).click();
  await check("zh");
  await page.getByRole("button", { name: "English" }).click();
}

async function says(page: Page, english: string, chinese: string): Promise<void> {
  await inBoth(page, async (language) => {
    const text = (await caption(page).innerText()).replace(/\s+/g, " ");
    expect(text).toContain(language === "en" ? english : chinese);
    const glyphs = [...text].filter((char) => char > "\u2e80").length;
    expect(language === "en" ? text.length : glyphs).toBeLessThanOrEqual(
      language === "en" ? 160 : 60,
    );
  });
}

test("a write with the log off counts as lost until a rewrite has it", async ({ page }) => {
  await open(page);
  await stepUntil(page, rest);
  const { of } = (await snapshot(page)).verdict.killed;
  await type(page, "CONFIG SET appendonly no");
  await says(page, "turns the log off", "关掉日志");
  await stepUntil(page, rest);
  await type(page, "SET q 1");
  await says(page, "the append-only file is off: nothing was logged", "AOF 已关闭，没有记日志");
  await stepUntil(page, rest);
  const off = await snapshot(page);
  for (const row of [off.verdict.killed, off.verdict.power]) {
    expect([row.lost, row.of, row.chips.at(-1)?.fate]).toEqual([1, of + 1, "lost"]);
  }
  await expect(page.locator("[data-failure=killed] .numeral")).toHaveText(String(of));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(
    "The log is off. New writes are only in memory.",
  );
  await type(page, "CONFIG SET appendonly yes");
  await says(page, "A rewrite makes its first file", "先由一次重写做出第一份文件");
  await stepUntil(page, rest);
  const on = await snapshot(page);
  expect([on.verdict.killed.lost, on.verdict.power.lost]).toEqual([0, 0]);
});

test("after a power cut behind a rename each file has its own disks", async ({ page }) => {
  const { errors } = await open(page, "/#rename");
  await page.getByRole("button", { name: "Try that order" }).click();
  await page.getByRole("button", { name: /Cut the power/ }).click();
  const { crash } = await snapshot(page);
  expect(crash?.files.map((file) => [file.role, file.inode, file.shortest, file.longest])).toEqual([
    ["new", 18, 224, 272],
    ["old", 17, 2343, 2343],
  ]);
  await says(
    page,
    "the new log (inode 18, 224 to 272 bytes), or the old log (inode 17, 2343 bytes)",
    "新日志（inode 18，224 到 272 字节），或者旧日志（inode 17，2343 字节）",
  );
  const heads = page.locator(".disks h3");
  await expect(heads).toHaveText([
    "New log, inode 18, 224 to 272 bytes",
    "Old log, inode 17, 2343 bytes",
  ]);
  await expect(page.locator(".disks ol").first().locator("li")).toHaveCount(3);
  const boot = page.getByRole("button", { name: /^the (worst|best) disk/ });
  await expect(boot).toHaveText([/#18 224/, /#17 2343/]);
  // No file has a length between the two: the nearest is offered.
  const length = page.getByRole("spinbutton");
  await length.fill("1000");
  await page.locator("#no-length").getByRole("button").click();
  await expect(length).toHaveValue("272");
  await page.getByRole("button", { name: "a length you choose" }).click();
  const booted = await snapshot(page);
  expect(booted.state).toBe("booting");
  expect(booted.fact).toMatchObject({ kind: "boot-open", imageBytes: 272 });
  expect(errors).toEqual([]);
});

test("what was redundant adds up for lists, deleted keys and an emptied dataset", async ({
  page,
}) => {
  await open(page);
  await stepUntil(page, rest);
  const items = Array.from({ length: 130 }, (_, number) => `v${number}`).join(" ");
  const lines = [`RPUSH l ${items}`, "LPOP l", "SET gone 1", "DEL gone", "FLUSHALL"];
  lines.push(`RPUSH l ${items}`, "LPOP l", "BGREWRITEAOF");
  for (const line of lines) {
    await type(page, line);
    await stepUntil(page, line === "BGREWRITEAOF" ? (snap) => snap.rewrite?.after != null : rest);
  }
  const view = (await snapshot(page)).rewrite;
  const sum = (pick: (row: NonNullable<typeof view>["redundant"][number]) => number) =>
    view?.redundant.reduce((total, row) => total + pick(row), 0);
  expect([sum((row) => row.bytes), sum((row) => row.commands)]).toEqual([
    view?.before.bytes,
    view?.before.commands,
  ]);
  expect([sum((row) => row.newBytes), sum((row) => row.newCommands)]).toEqual([
    view?.after?.bytes,
    view?.after?.commands,
  ]);
  await page.getByRole("button", { name: "See the two processes" }).click();
  const rows = page.locator(".before-after li");
  await expect(rows).toHaveCount(view?.redundant.length ?? -1);
  await expect(rows.filter({ hasText: "the whole dataset" })).toContainText("1 command, 18");
  await expect(rows.filter({ hasText: /^gone/ })).toContainText("nothing: the key is gone");
  await expect(rows.filter({ hasText: "RPUSH l" })).toContainText("3 commands");
});

test("whoever types in a lesson sees both processes", async ({ page }) => {
  await open(page, "/#rewrite");
  const prompt = page.getByRole("textbox");
  await prompt.fill("SET e 9");
  for (const place of [".processes", ".files", "form"]) {
    await expect(page.locator(`main ${place}`).first()).toBeInViewport({ ratio: 0.95 });
  }
  await prompt.press("Enter");
  await expect(page.locator("[data-scene=rewrite]")).toContainText("The server ran SET e 9");
  await expect(page.locator(".processes")).toBeInViewport({ ratio: 0.95 });
});

test("the lane of the loop has words and times", async ({ page }) => {
  await open(page, "/#rewrite");
  await page.getByRole("button", { name: "Show the same rewrite without a child" }).click();
  await expect(page.locator(".pause")).toHaveText(/^the event loop stands still, \d+.ms$/);
  await expect(page.locator(".wait").first()).toHaveText(/client 1, \d+.ms/);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });
  for (const lesson of ["rewrite", "rename"]) {
    test(`the sentence of a step is in sight, ${lesson}`, async ({ page }) => {
      await open(page, `/#${lesson}`);
      await expect(caption(page)).toBeInViewport({ ratio: 1 });
      await stepButton(page).click();
      await expect(caption(page)).toBeInViewport({ ratio: 1 });
    });
  }
});
