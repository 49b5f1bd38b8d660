import { expect, test, type Page } from "@playwright/test";
import { expectDrawn, open, snapshot, stepButton, stepUntil, timeline, type } from "./lab.ts";

async function seek(page: Page, step: number): Promise<void> {
  await page.getByRole("slider").evaluate((input, to) => {
    const range = input as HTMLInputElement;
    range.value = String(to);
    range.dispatchEvent(new Event("input", { bubbles: true }));
  }, step);
  await expect.poll(async () => (await snapshot(page)).step).toBe(step);
}

/** A small generator with a printed seed, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("every step back gives the digest that the step forward gave", async ({ page }) => {
  await open(page);
  await seek(page, 0);
  const forward = [(await snapshot(page)).digest];
  for (let step = 1; step <= 19; step += 1) {
    await stepButton(page).click();
    forward.push((await snapshot(page)).digest);
  }
  for (let step = 18; step >= 0; step -= 1) {
    await page.getByRole("button", { name: "Step back" }).click();
    expect((await snapshot(page)).digest).toBe(forward[step]);
  }
});

test("seeking in any order gives the digests of the straight run", async ({ page }) => {
  await open(page);
  await seek(page, 0);
  const straight = [(await snapshot(page)).digest];
  for (let step = 1; step <= 19; step += 1) {
    await stepButton(page).click();
    straight.push((await snapshot(page)).digest);
  }
  const seed = 20_261_121;
  const next = numbers(seed);
  for (let count = 0; count < 40; count += 1) {
    const step = Math.floor(next() * 20);
    await seek(page, step);
    expect((await snapshot(page)).digest, `seed ${seed}, seek ${count} to ${step}`).toBe(
      straight[step],
    );
    await expectDrawn(page);
  }
});

test("acting in the past makes a branch and keeps the first one", async ({ page }) => {
  await open(page);
  const first = (await snapshot(page)).branch;
  await seek(page, 8);
  const shared = (await snapshot(page)).digest;
  await type(page, "SET z 26");
  const second = await snapshot(page);
  expect(second.branch).not.toBe(first);
  expect((await timeline(page)).branches).toHaveLength(2);
  const choice = page.getByRole("combobox", { name: "Branch" });
  await expect(choice).toBeVisible();
  await choice.selectOption(String(first));
  expect((await snapshot(page)).branch).toBe(first);
  await seek(page, 8);
  expect((await snapshot(page)).digest).toBe(shared);
  await seek(page, 19);
  expect((await snapshot(page)).log).toHaveLength(5);
});

test("the scrubber moves by one, by ten and to both ends, and says where it is", async ({
  page,
}) => {
  await open(page);
  const slider = page.getByRole("slider", { name: "Step of the run" });
  await expect(slider).toHaveAttribute("aria-valuetext", /^Step 15 of 19: \+OK sent for SET d 4/);
  await slider.focus();
  for (const [key, step] of [
    ["ArrowLeft", 14],
    ["PageDown", 4],
    ["ArrowRight", 5],
    ["PageUp", 15],
    ["End", 19],
    ["Home", 0],
  ] as const) {
    await slider.press(key);
    await expect.poll(async () => (await snapshot(page)).step).toBe(step);
    await expect(slider).toHaveAttribute("aria-valuetext", new RegExp(`^Step ${step} of 19`));
  }
});

test("every caption of a long run keeps its length in both languages", async ({ page }) => {
  await open(page);
  const lengths: string[] = [];
  const check = async () => {
    const text = (await page.locator(".caption").first().innerText()).replace(/\s+/g, " ").trim();
    const chinese = (await page.locator("html").getAttribute("lang")) === "zh-CN";
    const glyphs = [...text].filter((char) => char > "\u2e80").length;
    if (text === "" || (chinese ? glyphs > 60 : text.length > 160)) lengths.push(text);
  };
  for (const line of ["MSET k1 v1 k2 v2", "GET k1", "DEL k1", "INCR n", "SET s v EX 1"]) {
    await type(page, line);
    await stepUntil(page, (snap) => snap.can.step !== true);
  }
  const { stepCount } = await snapshot(page);
  for (const language of ["中文", "English"]) {
    await page.getByRole("button", { name: language }).click();
    for (let step = 0; step <= stepCount; step += 1) {
      await seek(page, step);
      await check();
    }
  }
  expect(lengths).toEqual([]);
});
