// The scenes of a rewrite: what they show is what the snapshot says, at every step and width.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test, type Page } from "@playwright/test";
import type { ProfileName, RewriteView, Snapshot } from "../../web/src/types.ts";
import { open, snapshot, stepButton } from "./lab.ts";

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

const scene = (page: Page) => page.locator("[data-scene]");

async function openLesson(page: Page, lesson: "rewrite" | "rename"): Promise<string[]> {
  const { errors } = await open(page, `/#${lesson}`);
  await expect(page.locator(`[data-scene=${lesson}]`)).toBeVisible();
  return errors;
}

async function view(page: Page): Promise<RewriteView> {
  const { rewrite } = await snapshot(page);
  if (!rewrite) throw new Error("no rewrite at this step");
  return rewrite;
}

async function chooseProfile(page: Page, profile: ProfileName): Promise<void> {
  await page.getByRole("combobox", { name: /Behaves like|表现如/ }).selectOption(profile);
  await expect.poll(async () => (await snapshot(page)).profile).toBe(profile);
}

/** As the page writes bytes: grouped from ten thousand on, a thin space before the unit. */
const bytes = (value: number) => `${value < 10_000 ? value : value.toLocaleString("en-US")}\u2009B`;

/** Everything that is drawn, read from the page in one go. */
async function drawn(page: Page) {
  return scene(page).evaluate((root) => {
    const text = (selector: string) => root.querySelector(selector)?.textContent?.trim() ?? null;
    const attributes = (selector: string, name: string) =>
      [...root.querySelectorAll(selector)].map((element) => element.getAttribute(name));
    return {
      stage: root.getAttribute("data-stage"),
      waiting: text("[data-value=waiting]"),
      written: text("[data-value=written]"),
      received: text("[data-value=received]"),
      pages: text("[data-value=private-pages]"),
      pipes: attributes("[data-pipe]", "data-bytes").map(Number),
      blocks: attributes("[data-block]", "data-block").map(Number),
      pairs: root.querySelectorAll(".pair").length,
      files: attributes("[data-file]", "data-file"),
      processes: [...root.querySelectorAll("[data-process] header p")].map((p) => p.textContent),
      gaps: attributes("[data-gap]", "data-gap"),
    };
  });
}

function expectShown(
  now: RewriteView,
  verdict: Snapshot["verdict"],
  seen: Awaited<ReturnType<typeof drawn>>,
) {
  expect(seen.stage).toBe(now.stage);
  expect(seen.processes[0]).toContain(`pid ${now.parent.pid}`);
  expect(seen.processes[1]).toContain(`pid ${now.child.pid}`);
  if (now.diff.waitingBytes > 0) expect(seen.waiting).toContain(bytes(now.diff.waitingBytes));
  else expect(seen.waiting).toBe("nothing left to send");
  expect(seen.written).toContain(`${now.child.commands} command`);
  expect(seen.written).toContain(bytes(now.child.writtenBytes));
  if (now.child.diffBytes > 0) expect(seen.received).toContain(bytes(now.child.diffBytes));
  expect(seen.pipes).toEqual([now.pipes.data.bytes, now.pipes.stop.bytes, now.pipes.ack.bytes]);
  if (now.diff.blocks.length <= 2)
    expect([...seen.blocks].reverse()).toEqual(now.diff.blocks.map((block) => block.number));
  if (now.child.exit === null) {
    expect(seen.pages).toBe(`private ${now.pages.split.length} of ${now.pages.total}`);
    expect(seen.pairs).toBe(now.pages.split.length);
  }
  expect([...seen.files].sort()).toEqual(now.files.map((file) => file.role).sort());
  expect(seen.gaps.includes("power")).toBe(verdict.power.riskBytes > 0);
  expect(seen.gaps.includes("killed")).toBe(verdict.killed.riskBytes > 0);
}

test("the lesson opens at the moment of the picture", async ({ page }) => {
  const errors = await openLesson(page, "rewrite");
  const now = await view(page);
  expect([now.child.diffBytes, now.pipes.data.bytes, now.diff.waitingBytes]).toEqual([44, 20, 48]);
  expect([now.before.bytes, now.child.writtenBytes]).toEqual([2231, 160]);
  await expect(page.locator("[data-process=child]")).toContainText(
    "The child wrote ! into the stop",
  );
  await expect(page.locator("[data-pipe=stop]")).toContainText("!");
  await expect(page.locator("[data-region=sizes]")).toContainText("100 commands became SET n 100");
  const lengths = now.files.map((file) => [file.role, file.lengthBytes, file.durableBytes]);
  expect(lengths).toContainEqual(["old", 2343, 2295]);
  expect(errors).toEqual([]);
});

for (const profile of ["redis-6.2", "hardened"] as const) {
  test(`every step of a rewrite is drawn as the snapshot says: ${profile}`, async ({ page }) => {
    test.setTimeout(180_000);
    const errors = await openLesson(page, "rewrite");
    await chooseProfile(page, profile);
    await page.getByRole("slider").press("Home");
    const stages = new Set<string>();
    const forward: string[] = [];
    for (;;) {
      const snap = await snapshot(page);
      if (snap.rewrite) {
        const seen = await drawn(page);
        expectShown(snap.rewrite, snap.verdict, seen);
        stages.add(snap.rewrite.stage);
        forward.push(JSON.stringify(seen));
      }
      if (snap.can.step !== true || snap.step >= snap.stepCount) break;
      await stepButton(page).click();
    }
    for (const stage of ["child", "done"]) expect(stages).toContain(stage);
    if (profile === "hardened") {
      for (const stage of ["sealing", "renaming", "syncing-directory"])
        expect(stages).toContain(stage);
    }
    // The way back shows the same pictures.
    for (const picture of forward.slice(0, -1).reverse()) {
      await page.getByRole("button", { name: "Step back" }).click();
      expect(JSON.stringify(await drawn(page))).toBe(picture);
    }
    expect(errors).toEqual([]);
  });
}

test("a rename swings the cached arrow, a sync of the directory the other", async ({ page }) => {
  await openLesson(page, "rename");
  const arrows = () =>
    page.locator("[data-scene=rename]").evaluate((root) => ({
      cached: Number(root.querySelector("[data-arrow=cached]")?.getAttribute("data-to")),
      disk: Number(root.querySelector("[data-arrow=disk]")?.getAttribute("data-to")),
    }));
  const directory = async () => {
    const entry = (await view(page)).directory.find((one) => !one.name.startsWith("temp-"));
    return { cached: entry?.cached ?? null, disk: entry?.durable ?? null };
  };
  const opening = await directory();
  expect(opening.cached).not.toBe(opening.disk);
  expect(await arrows()).toEqual(opening);
  await expect(page.locator("[data-region=outcome]")).toContainText("or");
  for (;;) {
    const now = await directory();
    expect(await arrows()).toEqual(now);
    if (now.cached === now.disk) break;
    expect((await snapshot(page)).can.step).toBe(true);
    await stepButton(page).click();
  }
  expect((await directory()).disk).toBe(opening.cached);
  await page.getByRole("slider").press("Home");
  while ((await snapshot(page)).rewrite?.files.length !== 2) await stepButton(page).click();
  expect(await arrows()).toEqual(await directory());
  expect((await directory()).cached).toBe(opening.disk);
});

test("the child's death leaves the old log and no child", async ({ page }) => {
  const errors = await openLesson(page, "rewrite");
  await page.getByRole("button", { name: /Kill the child/ }).click();
  for (let count = 0; count < 40 && (await view(page)).stage === "child"; count += 1)
    await stepButton(page).click();
  const now = await view(page);
  expect(now.stage).toBe("failed");
  await expect(page.locator("[data-process=child]")).toContainText("killed by signal 9");
  await expect(page.locator("[data-file=old]")).toContainText("the log that counts");
  expect(errors).toEqual([]);
});

const axe = async (page: Page) => {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const tools = (
      window as unknown as {
        axe: {
          run(
            on: Document,
            how: object,
          ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
        };
      }
    ).axe;
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await tools.run(document, { runOnly: { type: "tag", values: tags } });
    return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)}`));
  });
};

for (const lesson of ["rewrite", "rename"] as const) {
  for (const scheme of ["light", "dark"] as const) {
    test(`axe finds nothing in the ${lesson} scene, ${scheme}`, async ({ browser }) => {
      const context = await browser.newContext({
        colorScheme: scheme,
        reducedMotion: "reduce",
        locale: scheme === "dark" ? "zh-CN" : "en-US",
      });
      const page = await context.newPage();
      await openLesson(page, lesson);
      expect(await axe(page)).toEqual([]);
      await page.getByRole("slider").press("End");
      expect(await axe(page)).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await axe(page)).toEqual([]);
      await context.close();
    });
  }
}

for (const width of [320, 390, 600, 768, 900, 1024, 1200, 1440]) {
  for (const locale of ["en-US", "zh-CN"]) {
    test(`nothing overflows or overlaps in the scenes at ${width}, ${locale}`, async ({
      browser,
    }) => {
      const context = await browser.newContext({ locale, viewport: { width, height: 900 } });
      const page = await context.newPage();
      for (const lesson of ["rewrite", "rename"] as const) {
        await openLesson(page, lesson);
        expect(await faults(page), lesson).toEqual([]);
      }
      await context.close();
    });
  }
}

/** Texts that lie on each other, leave the card, or make the page scroll sideways. */
async function faults(page: Page): Promise<string[]> {
  return scene(page).evaluate((root) => {
    const found: string[] = [];
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth) found.push(`page: ${page.scrollWidth} px`);
    const card = root.getBoundingClientRect();
    const seen: { from: Element; text: string; box: DOMRect }[] = [];
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      const from = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (!from || text === "" || from.closest(".away")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) {
        let [left, right] = [rect.left, rect.right];
        for (let up: Element | null = from; up && up !== root; up = up.parentElement) {
          if (getComputedStyle(up).overflowX !== "hidden") continue;
          const clip = up.getBoundingClientRect();
          [left, right] = [Math.max(left, clip.left), Math.min(right, clip.right)];
        }
        if (right - left < 1) continue;
        if (left < card.left - 1 || right > card.right + 1) found.push(`outside: ${text}`);
        seen.push({ from, text, box: new DOMRect(left, rect.top, right - left, rect.height) });
      }
    }
    for (const [index, one] of seen.entries()) {
      for (const other of seen.slice(index + 1)) {
        if (one.from === other.from) continue;
        const across =
          Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const down =
          Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        if (across > 1.5 && down > 4) found.push(`overlap: ${one.text} / ${other.text}`);
      }
    }
    return found;
  });
}

test("with reduced motion nothing moves in a scene, and arrows tell the way", async ({
  browser,
}) => {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  const page = await context.newPage();
  await openLesson(page, "rewrite");
  for (let count = 0; count < 8; count += 1) {
    await stepButton(page).click();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  }
  await context.close();
});

test("in forced colours the scenes keep their words", async ({ browser }) => {
  const context = await browser.newContext({ forcedColors: "active" });
  const page = await context.newPage();
  await openLesson(page, "rewrite");
  for (const word of ["pipe", "mem", "child", "kill line", "power line"])
    await expect(scene(page).getByText(word).first()).toBeVisible();
  await context.close();
});

test("the keys of the stage work in a scene", async ({ page }) => {
  await openLesson(page, "rewrite");
  const { step } = await snapshot(page);
  await page.getByTestId("stage").focus();
  await page.keyboard.press("ArrowRight");
  expect((await snapshot(page)).step).toBe(step + 1);
  await page.keyboard.press("ArrowLeft");
  expect((await snapshot(page)).step).toBe(step);
});
