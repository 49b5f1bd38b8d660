// What the page says beside a known hole: no sentence believes the lie that the hole is about.
import { expect, test, type Page } from "@playwright/test";
import { open, snapshot, stepUntil, timeline, type } from "./lab.ts";

const caption = (page: Page) => page.locator(".caption, .speech").first();
const cut = (page: Page) => page.getByRole("button", { name: /Cut the power|^断电/ }).click();
const scene = (page: Page, name: string) =>
  page.getByRole("combobox", { name: /^(Show|画面|显示|看)/ }).selectOption(name);

const SAID = {
  en: {
    dropped: "but what a failed sync dropped was not written: behind byte 0 not all is on disk.",
    gaps: "The file on disk ends at byte 77, with gaps behind byte 0",
    refused: "The server does not start from 1 disk.",
    renamed: "in inode 18; the name there leads to inode 17: a power cut may lose them.",
    short: "Not all up to its end is on disk: a power cut may lose its 27 bytes.",
    unseen: "A failed sync goes unseen; writes go on",
    unreal: "29 disks load a dataset that never was.",
    nothing: "Nothing was synced; of bytes 0 to 157",
    images: "703 images. 585 are refused, each other recovers one of 6 datasets.",
    here: "Open as fd 8; on disk the name still leads here",
    directory: "Kept, open as fd 8, until the directory is synced",
    maybe: "maybe",
  },
  zh: {
    dropped: "失败的刷盘丢掉的没有写：第 0 字节之后不全在磁盘。",
    gaps: "磁盘上的文件止于 77，第 0 字节之后有缺口",
    refused: "从 1 种磁盘启动不了。",
    renamed: "已落在 inode 18，磁盘上名字还指向 17，断电可能丢。",
    short: "到它为止没有全部落盘，断电可能丢这 27 字节。",
    unseen: "刷盘失败没人看，照常接受写入",
    unreal: "29 种磁盘载入了从未有过的数据集。",
    nothing: "什么也没刷盘；第 0 到 157 字节",
    images: "703 种磁盘，其中 585 种被拒绝，其余恢复出 6 种数据集。",
    here: "仍以 fd 8 打开；磁盘上名字仍指向它",
    directory: "保留着，仍以 fd 8 打开，到目录刷盘为止",
    maybe: "可能",
  },
} as const;

for (const [language, locale] of [
  ["en", "en-US"],
  ["zh", "zh-CN"],
] as const) {
  const said = SAID[language];

  test.describe(language, () => {
    test.use({ locale });

    test("a sync that forgot what it lost puts nothing on disk", async ({ page }) => {
      await open(page, "/#forgotten-sync");
      await expect(caption(page)).toContainText(said.dropped);
      expect((await snapshot(page)).synced).toBe(0);
      await cut(page);
      await expect(caption(page)).toContainText(said.gaps);
      await expect(page.locator(".promise .foot")).toHaveText(said.refused);
    });

    test("bytes under a name that may be undone are not safe", async ({ page }) => {
      await open(page, "/#lost-rename");
      await expect(page.getByTestId("stage")).toContainText(said.renamed);
    });

    test("Redis 3.0 goes on when a sync fails", async ({ page }) => {
      await open(page, "/#ignored-sync");
      const foot = page.locator("[data-failure=diskError] .foot");
      await expect(foot).toHaveText(said.unseen);
      await expect(caption(page)).toContainText(said.short);
      expect(await foot.evaluate((it) => it.scrollWidth <= it.clientWidth)).toBe(true);
      await open(page, "/#half-transaction");
      await page.reload();
      await expect(foot).toHaveText(said.unseen);
      expect(await foot.evaluate((it) => it.scrollWidth <= it.clientWidth)).toBe(true);
    });

    test("half a transaction is no write that is gone", async ({ page }) => {
      await open(page, "/#half-transaction");
      await cut(page);
      await expect(page.locator(".promise .foot")).toHaveText(said.unreal);
      await expect(caption(page)).toContainText(said.nothing);
    });

    test("disks that do not load recover no dataset", async ({ page }) => {
      await open(page, "/#silent-zeros");
      await cut(page);
      await expect(page.locator(".disks .images")).toHaveText(said.images);
      await expect(page.locator(".disks .torn")).toHaveCount(0);
      const { crash } = await snapshot(page);
      const refused = crash?.groups.filter((group) => group.refused !== null) ?? [];
      expect(refused.reduce((sum, group) => sum + group.images, 0)).toBe(585);
      // Each command stands once, with one fate.
      const stage = page.getByTestId("stage").locator("li[data-cmd='2']:not([aria-hidden])");
      await expect(stage).toHaveCount(1);
      await expect(stage).toContainText(said.maybe);
    });

    test("only a server that syncs the directory is said to", async ({ page }) => {
      await open(page, "/#rename-before-residual");
      const inodes = page.locator(".what");
      await expect(inodes.filter({ hasText: said.here })).toHaveCount(1);
      const to = (await timeline(page)).step;
      await page.getByRole("combobox", { name: /Behaves like|行为/ }).selectOption("hardened");
      const { marks } = await timeline(page);
      const renamed = marks.find(
        ({ fact }) =>
          fact.kind === "rewrite" &&
          fact.rewrite.name === "work-end" &&
          fact.rewrite.work.what === "rename",
      );
      expect(renamed?.step).not.toBe(to);
      await page.getByRole("slider").fill(`${renamed?.step}`);
      await expect(inodes.filter({ hasText: said.directory })).toHaveCount(1);
    });
  });
}

test("a lock is closed only on what a power cut leaves", async ({ page }) => {
  await open(page, "/#lost-rename");
  await scene(page, "log");
  const { log, verdict } = await snapshot(page);
  const risk = log.find((entry) => entry.words.join(" ") === "SET c 3");
  const safe = log.find((entry) => entry.words.join(" ") === "SET b 2");
  expect(verdict.power.riskFrom).toBe(100);
  const lock = (index?: number) =>
    page.locator(`li[data-cmd="${index}"] .marks svg`).last().innerHTML();
  expect(risk?.layer).toBe("disk");
  expect(await lock(risk?.index)).not.toBe(await lock(safe?.index));
});

for (const hole of ["lost-rename", "silent-zeros", "rename-before-residual"] as const) {
  test(`${hole}: what is at risk is written on no tile`, async ({ page }) => {
    await open(page, `/#${hole}`);
    const choice = page.getByRole("combobox", { name: "Show" });
    if (hole !== "silent-zeros") await choice.selectOption("log");
    const label = await page.locator(".gap.power + .label").boundingBox();
    expect(label).not.toBeNull();
    const tiles = page.locator("[data-testid=stage] li[data-layer=disk]");
    await expect(tiles.first()).toBeVisible();
    for (const tile of await tiles.all()) {
      const box = await tile.boundingBox();
      expect((label?.y ?? 0) + (label?.height ?? 0)).toBeLessThanOrEqual(box?.y ?? 0);
    }
  });
}

test("a worker that cannot be had is heard, and no step is labelled by another model", async ({
  page,
}) => {
  await page.route(/worker-[^/]*\.js$/, (route) => route.abort());
  await open(page);
  const slider = page.getByRole("slider");
  await expect(slider).toHaveAttribute("aria-valuetext", /at risk/);
  await page.getByRole("combobox", { name: "Disk may keep" }).selectOption("zero-tail");
  await expect(page.getByRole("alert")).toContainText(/\S/);
  await expect(slider).not.toHaveAttribute("aria-valuetext", /at risk/);
  await page.getByRole("combobox", { name: "Disk may keep" }).selectOption("any-prefix");
  await expect(slider).toHaveAttribute("aria-valuetext", /at risk/);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a log that heals does not say the same as the one that was hurt", async ({ page }) => {
  await open(page);
  await page.getByRole("combobox", { name: "Behaves like" }).selectOption("hardened");
  await page.getByRole("button", { name: /Fail the next sync/ }).click();
  await stepUntil(page, ({ fact }) => {
    if (fact.kind !== "note" || fact.note.name !== "rewrite") return false;
    return fact.note.rewrite.name === "diff-written";
  });
  expect((await snapshot(page)).rewrite?.cause).toBe("healing");
  const stage = page.locator("main");
  await expect(stage).toContainText("It says all that memory does.");
  await expect(stage).not.toContainText("Both logs now say the same");
});

test("a large value leaves the lines at the foot apart", async ({ page }) => {
  await open(page);
  await type(page, `SET k ${"x".repeat(20_000)}`);
  await expect.poll(async () => (await snapshot(page)).appended).toBeGreaterThan(20_000);
  const { acknowledged } = await snapshot(page);
  expect(acknowledged).toBeGreaterThan(0);
  const directory = await page.locator(".directory").boundingBox();
  const label = await page.getByText(`acknowledged up to byte ${acknowledged}`).boundingBox();
  expect(directory && label).not.toBeNull();
  if (!directory || !label) return;
  const [left, right] = directory.x < label.x ? [directory, label] : [label, directory];
  expect(left.x + left.width).toBeLessThanOrEqual(right.x);
});
