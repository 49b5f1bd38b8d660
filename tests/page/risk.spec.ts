// The strip of risks under the model that was chosen, computed in a worker.
import { expect, test, type Page } from "@playwright/test";
import { open, snapshot, timeline } from "./lab.ts";

const choose = (page: Page, model: string) =>
  page.getByRole("combobox", { name: "Disk may keep" }).selectOption(model);
const slider = (page: Page) => page.getByRole("slider");

/** What the slider says of the step it stands at: the power cut, then the kill. */
async function risks(page: Page): Promise<number[]> {
  const said = /; at risk: (\d+) writes? on power loss, (\d+) on kill$/;
  await expect(slider(page)).toHaveAttribute("aria-valuetext", said);
  const text = (await slider(page).getAttribute("aria-valuetext")) ?? "";
  return (said.exec(text) ?? []).slice(1).map(Number);
}

// Redis 6.2 refuses a log that ends in zeros, so its worst disk keeps nothing at all.
for (const model of ["zero-tail", "ext4-ordered", "exact"]) {
  test(`each step has the risks of ${model} that its own verdict has`, async ({ page }) => {
    const { errors } = await open(page);
    const { stepCount } = await snapshot(page);
    await choose(page, model);
    await slider(page).focus();
    // The moment before the first step has no mark.
    await page.keyboard.press("Home");
    const most = [];
    for (let step = 1; step <= stepCount; step += 1) {
      await page.keyboard.press("ArrowRight");
      const { verdict, step: at } = await snapshot(page);
      expect(at).toBe(step);
      const { power, killed } = verdict;
      const wanted = [power.of - power.sure, killed.of - killed.sure];
      expect([step, ...(await risks(page))]).toEqual([step, ...wanted]);
      most.push(wanted[0]);
    }
    expect(Math.max(...most.map(Number))).toBe(model === "exact" ? 3 : 4);
    expect(errors).toEqual([]);
  });
}

test("back under the first model the marks count again", async ({ page }) => {
  await open(page);
  const { step } = await snapshot(page);
  const mark = (await timeline(page)).marks.find((one) => one.step === step);
  const first = [mark?.riskPower, mark?.riskKilled];
  expect(await risks(page)).toEqual(first);
  await choose(page, "zero-tail");
  await expect.poll(() => risks(page)).not.toEqual(first);
  await choose(page, "any-prefix");
  expect(await risks(page)).toEqual(first);
});

test("what is not known yet is grey, and a worker that fails says so", async ({ page }) => {
  await page.route("**/*worker*", (route) => route.abort());
  await open(page);
  await choose(page, "zero-tail");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.locator(".strip .unknown")).toHaveCount(1);
  await expect(slider(page)).not.toHaveAttribute("aria-valuetext", /at risk/);
});
