// The strip of risks under the model that was chosen, computed in a worker.
import { expect, test } from "@playwright/test";
import { open, snapshot, timeline } from "./lab.ts";

test("the strip counts what the worst disk of the chosen model would take", async ({ page }) => {
  const { errors } = await open(page);
  const slider = page.getByRole("slider");
  const mark = (await timeline(page)).marks.find(({ step }) => step === 15);
  await expect(slider).toHaveAttribute("aria-valuetext", new RegExp(`\\b${mark?.riskPower}\\b`));
  const first = await slider.getAttribute("aria-valuetext");
  // Redis 6.2 refuses a log that ends in zeros: the worst disk keeps none of four.
  await page.getByRole("combobox", { name: "Disk may keep" }).selectOption("zero-tail");
  await expect(slider).not.toHaveAttribute("aria-valuetext", first ?? "");
  const { verdict } = await snapshot(page);
  const lost = verdict.power.of - verdict.power.sure;
  expect(lost).toBe(4);
  await expect(slider).toHaveAttribute("aria-valuetext", new RegExp(`\\b${lost}\\b`));
  await page.getByRole("combobox", { name: "Disk may keep" }).selectOption("any-prefix");
  await expect(slider).toHaveAttribute("aria-valuetext", first ?? "");
  expect(errors).toEqual([]);
});
