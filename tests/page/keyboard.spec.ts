// The whole first visit without a pointer.
import { expect, test } from "@playwright/test";
import { open, snapshot, stepUntil } from "./lab.ts";

async function tabTo(
  page: import("@playwright/test").Page,
  matches: (name: string) => boolean,
): Promise<string> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (!element || element === document.body) return "";
      const label = element.getAttribute("aria-label") ?? "";
      return `${element.tagName} ${label} ${element.textContent ?? ""} ${(element as HTMLInputElement).type ?? ""}`;
    });
    if (matches(name)) return name;
  }
  throw new Error("not reachable by Tab");
}

test("type, step, cut the power and boot by keyboard alone", async ({ page }) => {
  const { errors } = await open(page);
  await tabTo(page, (name) => name.startsWith("INPUT") && name.endsWith("text"));
  await page.keyboard.type("SET e 5");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await snapshot(page)).log.at(-1)?.words.join(" ")).toBe("SET e 5");
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("textbox")).toHaveValue("SET e 5");
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("textbox")).toHaveValue("SET d 4");
  await tabTo(page, (name) => name.includes("BUTTON") && name.includes("Cut the power"));
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await snapshot(page)).state).toBe("power-lost");
  await tabTo(page, (name) => name.includes("the worst disk"));
  await page.keyboard.press("Space");
  await stepUntil(page, (snap) => snap.state === "running" && snap.can.submit === true);
  expect(errors).toEqual([]);
});

test("Tab completes in the prompt and is no trap", async ({ page }) => {
  await open(page);
  const prompt = page.getByRole("textbox");
  await prompt.focus();
  await page.keyboard.press("Tab");
  await expect(prompt).not.toBeFocused();
  await prompt.focus();
  await page.keyboard.type("INCRBYF");
  await page.keyboard.press("Tab");
  await expect(prompt).toHaveValue("INCRBYFLOAT");
  await expect(prompt).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(prompt).not.toBeFocused();
});

test("arrow keys step only while the stage has focus", async ({ page }) => {
  const { stage } = await open(page);
  await page.keyboard.press("ArrowRight");
  expect((await snapshot(page)).step).toBe(15);
  await stage.focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(async () => (await snapshot(page)).step).toBe(16);
  await page.keyboard.press("ArrowLeft");
  await expect.poll(async () => (await snapshot(page)).step).toBe(15);
  await page.keyboard.press("End");
  await expect.poll(async () => (await snapshot(page)).step).toBe(19);
});

test("each step is announced once, politely", async ({ page }) => {
  await open(page);
  const status = page.getByRole("status");
  await expect(status).toHaveText("");
  await page.getByRole("button", { name: /^Step$/ }).click();
  await expect(status).toHaveText(/^Step 16 of 19\. fdatasync returned/);
});

test("focus is always visible and never under the transport", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (!element || element === document.body) return null;
      const box = element.getBoundingClientRect();
      const bar = document.querySelector(".transport")?.getBoundingClientRect();
      const inBar = element.closest(".transport") !== null;
      const under = bar !== undefined && !inBar && box.top >= bar.top;
      return { under, name: element.outerHTML.slice(0, 120) };
    });
    if (seen) expect(seen.under, seen.name).toBe(false);
  }
});
