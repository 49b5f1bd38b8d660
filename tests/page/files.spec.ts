// Logs and traces go out of the page and come into it: its own, and those of the real server.
import { readFile } from "node:fs/promises";
import { expect, test, type Page } from "@playwright/test";
import type { Snapshot } from "../../web/src/types.ts";
import { open, snapshot } from "./lab.ts";

const RECORDED = "../fixtures/traces/hardened-everysec.trace";

async function menu(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Settings" }).click();
}

async function saved(page: Page, button: string): Promise<string> {
  await menu(page);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  await page.keyboard.press("Escape");
  return download.path();
}

async function bring(page: Page, name: string, buffer: Buffer): Promise<void> {
  await menu(page);
  const file = { name, mimeType: "application/octet-stream", buffer };
  await page.locator("input[type=file]").setInputFiles(file);
}

test("the log file is saved as the kernel has it, and opens again", async ({ page }) => {
  const { errors } = await open(page);
  const bytes = await readFile(await saved(page, "Save the log file"));
  expect(bytes.length).toBe((await snapshot(page)).fileBytes);
  await bring(page, "appendonly.aof", bytes);
  await expect.poll(async () => (await snapshot(page)).step).toBe(0);
  expect((await snapshot(page)).keyCount).toBe(3);
  expect(errors).toEqual([]);
});

test("a run is saved as a trace, and comes to the same place again", async ({ page }) => {
  await open(page);
  // A trace holds the time of events only, so the last effect's own millisecond is not in it.
  const place = ({ appended, written, synced, verdict, dataset }: Snapshot) => ({
    ...{ appended, written, synced, dataset },
    killed: verdict.killed.chips,
    power: verdict.power.chips,
  });
  const { step } = await snapshot(page);
  const left = place(await snapshot(page));
  const bytes = await readFile(await saved(page, "Save this run as a trace"));
  expect(bytes.subarray(0, 8).toString()).toBe("AOFTRACE");
  await bring(page, "run.trace", bytes);
  await expect.poll(async () => (await snapshot(page)).branch).toBe(2);
  // In the trace the client's connecting is a step too; behind the last, time runs on.
  await page.getByRole("slider").fill(`${step + 1}`);
  expect(place(await snapshot(page))).toEqual(left);
});

test("a run that the server recorded is stepped in the page", async ({ page }) => {
  await open(page);
  await bring(page, "server.trace", await readFile(new URL(RECORDED, import.meta.url)));
  await expect.poll(async () => (await snapshot(page)).branch).toBe(2);
  const steps = (await snapshot(page)).stepCount;
  expect(steps).toBeGreaterThan(500);
  await page.getByRole("button", { name: /^Step$/ }).click();
  await expect.poll(async () => (await snapshot(page)).step).toBe(1);
});

test("a damaged file changes nothing and says what is wrong", async ({ page }) => {
  await open(page);
  const before = (await snapshot(page)).digest;
  await bring(page, "damaged.aof", Buffer.from("*1\r\n$4\r\nPING\r\n!"));
  await expect(page.getByRole("alert")).toContainText(/\S/);
  expect((await snapshot(page)).digest).toBe(before);
  await menu(page);
  await page.keyboard.press("Escape");
  await bring(page, "damaged.trace", Buffer.from("AOFTRACE nonsense"));
  await expect(page.getByRole("alert")).toContainText(/\S/);
  expect((await snapshot(page)).digest).toBe(before);
});
