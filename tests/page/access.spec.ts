// axe, reflow, targets, motion and forced colours, in every state of the page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test, type Page } from "@playwright/test";
import { open, showTables, stepButton } from "./lab.ts";

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** axe in the page's own world would need inline scripts; the protocol's evaluate does not. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    interface Axe {
      run(
        context: Document,
        options: object,
      ): Promise<{
        violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
      }>;
    }
    const { axe } = window as unknown as { axe: Axe };
    const result = await axe.run(document, {
      runOnly: {
        type: "tag",
        values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      },
    });
    return result.violations.flatMap((v) =>
      v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary ?? ""}`),
    );
  });
}

const states: [string, (page: Page) => Promise<void>][] = [
  ["opening", async () => {}],
  [
    "all safe",
    async (page) => {
      await page.getByRole("slider").press("End");
    },
  ],
  [
    "first step",
    async (page) => {
      await page.getByRole("slider").press("Home");
    },
  ],
  [
    "crash",
    async (page) => {
      await page
        .getByRole("button", { name: /Cut the power|断电/ })
        .first()
        .click();
    },
  ],
  [
    "killed",
    async (page) => {
      await page.getByRole("button", { name: /Kill the process|杀掉进程/ }).click();
    },
  ],
  [
    "table",
    async (page) => {
      await showTables(page);
    },
  ],
  [
    "settings",
    async (page) => {
      await page.getByRole("button", { name: /Settings|设置/ }).click();
    },
  ],
];

const lessons = ["rewrite", "rename"] as const;

for (const scheme of ["light", "dark"] as const) {
  for (const [name, act] of states) {
    test(`axe finds nothing: ${name}, ${scheme}`, async ({ browser }) => {
      const context = await browser.newContext({
        colorScheme: scheme,
        reducedMotion: "reduce",
        locale: scheme === "dark" ? "zh-CN" : "en-US",
      });
      const page = await context.newPage();
      await open(page);
      await act(page);
      expect(await violations(page)).toEqual([]);
      await context.close();
    });
  }
}

for (const scheme of ["light", "dark"] as const) {
  for (const lesson of lessons) {
    test(`axe finds nothing in a lesson: ${lesson}, ${scheme}`, async ({ browser }) => {
      test.slow();
      const context = await browser.newContext({
        colorScheme: scheme,
        reducedMotion: "reduce",
        locale: scheme === "dark" ? "zh-CN" : "en-US",
      });
      const page = await context.newPage();
      await open(page, `/#${lesson}`);
      await page.getByRole("button", { name: /without a child|没有子进程的/ }).click();
      for (const summary of await page.locator("summary").all()) await summary.click();
      expect(await violations(page)).toEqual([]);
      await showTables(page);
      expect(await violations(page)).toEqual([]);
      await context.close();
    });
  }
}

for (const lesson of lessons) {
  for (const [width, height] of [
    [320, 640],
    [390, 844],
    [768, 1024],
    [1024, 768],
    [1440, 900],
  ] as const) {
    test(`no sideways scroll in ${lesson} at ${width} by ${height}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await open(page, `/#${lesson}`);
      const excess = () =>
        page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
      expect(await excess()).toBeLessThanOrEqual(0);
      await page.getByRole("button", { name: /without a child/ }).click();
      expect(await excess()).toBeLessThanOrEqual(0);
    });
  }
}

test("axe finds nothing on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: /Menu/ }).click();
  expect(await violations(page)).toEqual([]);
});

for (const [width, height] of [
  [320, 640],
  [320, 225],
  [390, 844],
  [768, 1024],
  [1024, 768],
  [1280, 800],
  [1920, 1080],
] as const) {
  test(`no sideways scroll at ${width} by ${height}, before and after a crash, in both languages`, async ({
    page,
  }) => {
    await page.setViewportSize({ width, height });
    await open(page);
    const excess = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
    expect(await excess()).toBeLessThanOrEqual(0);
    await page.getByRole("button", { name: /Cut the power/ }).click();
    expect(await excess()).toBeLessThanOrEqual(0);
    const menu = page.getByRole("button", { name: "Menu" });
    if (await menu.isVisible()) await menu.click();
    await page.getByRole("button", { name: "中文" }).click();
    expect(await excess()).toBeLessThanOrEqual(0);
    await showTables(page);
    expect(await excess()).toBeLessThanOrEqual(0);
  });
}

for (const width of [320, 390, 1440]) {
  test(`nothing to press is smaller than 24 px at ${width}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    await open(page);
    const small = await page.evaluate(() =>
      [
        ...document.querySelectorAll<HTMLElement>(
          "button, select, input:not([type=radio]), summary, a:not(.skip)",
        ),
      ]
        .filter((element) => element.offsetParent !== null)
        .map((element) => ({
          box: element.getBoundingClientRect(),
          html: element.outerHTML.slice(0, 100),
        }))
        .filter(({ box }) => box.width < 24 || box.height < 24)
        .map(({ html, box }) => `${html} ${box.width}x${box.height}`),
    );
    expect(small).toEqual([]);
  });
}

test("with reduced motion nothing moves, and the way of a tile is drawn instead", async ({
  browser,
}) => {
  const context = await browser.newContext({
    reducedMotion: "reduce",
    viewport: { width: 1440, height: 900 },
  });
  const page = await context.newPage();
  await open(page);
  await stepButton(page).click();
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  await expect(page.locator("[data-testid=stage] .outline").first()).toBeAttached();
  await expect(page.locator("[data-testid=stage] .path").first()).toBeAttached();
  await context.close();
});

test("the page's own switch turns motion off, and is remembered", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("combobox", { name: "Motion" }).selectOption("off");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-motion", "off");
  await stepButton(page).click();
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

test("the theme follows the system until it is chosen", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page);
  const paper = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  expect(await paper()).toBe("rgb(15, 20, 27)");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("combobox", { name: "Theme" }).selectOption("light");
  expect(await paper()).toBe("rgb(251, 250, 248)");
});

test("in forced colours every state keeps its words", async ({ browser }) => {
  const context = await browser.newContext({
    forcedColors: "active",
    viewport: { width: 1440, height: 900 },
  });
  const page = await context.newPage();
  await open(page);
  const stage = page.getByTestId("stage");
  for (const word of ["mem", "cache", "disk", "syncing"]) {
    await expect(stage.getByText(word, { exact: true }).first()).toBeVisible();
  }
  await context.close();
});
