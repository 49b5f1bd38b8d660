// Lists, hashes, sets and sorted sets: what the page shows of them, and what the log holds.
import { expect, test } from "@playwright/test";
import { choosePolicy, open, showTables, snapshot, stepUntil, type } from "./lab.ts";

const LINES = [
  "RPUSH l a b",
  "HSET h price 10",
  "SADD s x y z",
  "ZADD z 1.5 ann 3 bob",
  "HINCRBYFLOAT h price 0.5",
  "SPOP s",
  "SADD n 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
];

const MORE = { en: "2 more", zh: "还有 2 个" };
const NOT_HERE = { en: /every command as it runs/, zh: /每条命令/ };

for (const [language, locale] of [
  ["en", "en-US"],
  ["zh", "zh-CN"],
] as const) {
  test.describe(language, () => {
    test.use({ locale });

    test("every type is shown, and the log holds the effect", async ({ page }) => {
      const { errors } = await open(page);
      await choosePolicy(page, "always");
      for (const line of LINES) await type(page, line);
      await expect.poll(async () => (await snapshot(page)).dataset.length).toBeGreaterThan(4);
      const { log } = await snapshot(page);
      const records = log.map((entry) => entry.words.join(" "));
      expect(records).toContain("HSET h price 10.5");
      expect(records.filter((line) => /^SREM s [xyz]$/.test(line))).toHaveLength(1);

      await page.getByRole("textbox").fill("MONITOR");
      await page.getByRole("textbox").press("Enter");
      await expect(page.locator("#prompt-hint")).toHaveText(NOT_HERE[language]);

      await showTables(page);
      const dataset = page.locator("table[data-table=dataset] tbody tr");
      const row = (key: string) =>
        dataset.filter({ has: page.locator(`:nth-child(2):text-is("${key}")`) });
      await expect(row("l")).toContainText("[a, b]");
      await expect(row("h")).toContainText("{price: 10.5}");
      await expect(row("z")).toContainText("(1.5 ann, 3 bob)");
      await expect(row("s")).toContainText(/\{[xyz], [xyz]\}/);
      await expect(row("n")).toContainText(MORE[language]);
      await expect(row("z")).toContainText("zset");
      expect(errors).toEqual([]);
    });

    test("the caption says what stands in the log", async ({ page }) => {
      await open(page);
      await type(page, "HSET h price 10");
      await type(page, "HINCRBYFLOAT h price 0.5");
      await expect(page.getByText("HSET h price 10.5").first()).toBeVisible();
    });

    test("what a kill leaves is shown in the same way", async ({ page }) => {
      await open(page);
      await choosePolicy(page, "always");
      await type(page, "RPUSH l a b");
      await stepUntil(page, (snap) => snap.written === snap.appended);
      await page.getByRole("button", { name: /Kill the process|杀掉进程/ }).click();
      await expect(page.locator(".disks .dataset").last()).toContainText(/l.=.\[a, b\]/);
    });
  });
}
