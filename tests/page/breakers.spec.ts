import { expect, test } from "@playwright/test";
import {
  choosePolicy,
  expectDrawn,
  open,
  snapshot,
  stepButton,
  stepUntil,
  timeline,
  type,
} from "./lab.ts";

test("kill -9 loses what is in aof_buf and nothing else", async ({ page }) => {
  const { errors } = await open(page);
  await page.getByRole("button", { name: /Kill the process/ }).click();
  const killed = await snapshot(page);
  expect(killed.state).toBe("killed");
  expect(killed.crash?.images).toBe(1);
  expect(killed.crash?.groups[0]).toMatchObject({ keptWrites: 3, lostWrites: 1 });
  await expect(page.getByText("killed here")).toBeVisible();
  await page.getByRole("button", { name: /^Boot/ }).first().click();
  const up = (
    await stepUntil(page, (snap) => snap.state === "running" && snap.can.submit === true)
  ).at(-1);
  expect(up?.keyCount).toBe(3);
  expect(up?.fileBytes).toBe(104);
  expect(errors).toEqual([]);
});

test("a crash can be undone, and the run goes on as before", async ({ page }) => {
  await open(page);
  const before = await snapshot(page);
  await page.getByRole("button", { name: /Cut the power/ }).click();
  await page.getByRole("button", { name: "Undo the power cut" }).click();
  const after = await snapshot(page);
  expect([after.step, after.digest, after.crash]).toEqual([before.step, before.digest, null]);
  await stepButton(page).click();
  await expectDrawn(page);
});

test("a failing sync puts bytes in doubt and refuses writes, with the reason over the prompt", async ({
  page,
}) => {
  await open(page);
  await page.getByRole("button", { name: /Fail the next sync/ }).click();
  expect((await snapshot(page)).faults.failNextSync).toBe(true);
  await expect(page.getByRole("button", { name: /Fail the next sync/ })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  const failed = (
    await stepUntil(page, (snap) => snap.fact.kind === "sync-end" && !snap.fact.result.ok)
  ).at(-1);
  expect(failed?.fact).toMatchObject({ result: { ok: false, errno: { name: "EIO" } } });
  await expect(page.getByTestId("stage")).toContainText(
    "fdatasync failed with EIO. 54 bytes may be gone",
  );
  const refusing = (await stepUntil(page, (snap) => snap.refusing !== null)).at(-1);
  expect(refusing?.refusing?.errno.name).toBe("EIO");
  await expect(page.getByText("Writes are refused (EIO)")).toBeVisible();
});

test("under always a failing sync halts the server", async ({ page }) => {
  await open(page);
  await choosePolicy(page, "always");
  await stepUntil(page, (snap) => snap.can.step !== true);
  await page.getByRole("button", { name: /Fail the next sync/ }).click();
  await type(page, "SET e 5");
  const halted = (await stepUntil(page, (snap) => snap.state === "halted")).at(-1);
  expect(halted?.crash?.kind).toBe("halted");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("The server halted itself.");
});

test("a full disk refuses writes until it has space again", async ({ page }) => {
  await open(page);
  await stepUntil(page, (snap) => snap.can.step !== true);
  await page.getByRole("button", { name: /Fill the disk/ }).click();
  expect((await snapshot(page)).faults.diskFull).toBe(true);
  await type(page, "SET e 5");
  const refused = (await stepUntil(page, (snap) => snap.refusing !== null)).at(-1);
  expect(refused?.refusing).toMatchObject({ reason: "write", endsWhen: "space-returns" });
  await expect(
    page.getByText(/Writes are refused \(ENOSPC\) until the disk has space/),
  ).toBeVisible();
  await type(page, "GET a");
  await stepUntil(page, (snap) =>
    snap.clients.some((c) => c.commands.some((x) => x.text === "GET a" && x.reply !== null)),
  );
  await type(page, "SET f 6");
  await expect(page.locator("#prompt-hint")).toContainText("MISCONF");
  await expect(page.getByRole("textbox")).toHaveValue("SET f 6");
  await page.getByRole("button", { name: /Free the disk/ }).click();
  const back = (await stepUntil(page, (snap) => snap.refusing === null)).at(-1);
  expect(back?.faults.diskFull).toBe(false);
});

test("an unknown command takes no step and stays in the prompt", async ({ page }) => {
  await open(page);
  const before = await snapshot(page);
  await type(page, "FROBNICATE a");
  await expect(page.locator("#prompt-hint")).toContainText("ERR unknown command");
  await expect(page.getByRole("textbox")).toHaveValue("FROBNICATE a");
  expect((await snapshot(page)).digest).toBe(before.digest);
});

test("a crash at every step of the opening run leads to a picture without an error", async ({
  page,
}) => {
  const { errors } = await open(page);
  const { marks } = await timeline(page);
  const slider = page.getByRole("slider");
  for (const mark of marks) {
    await slider.focus();
    await slider.press("Home");
    await slider.evaluate((input, step) => {
      const range = input as HTMLInputElement;
      range.value = String(step);
      range.dispatchEvent(new Event("input", { bubbles: true }));
    }, mark.step);
    await expect.poll(async () => (await snapshot(page)).step).toBe(mark.step);
    await page.getByRole("button", { name: /Cut the power/ }).click();
    const cut = await snapshot(page);
    expect(cut.crash?.promise.kept).toBe(true);
    await page.getByRole("button", { name: "Undo the power cut" }).click();
    await expect.poll(async () => (await snapshot(page)).crash).toBe(null);
  }
  expect(errors).toEqual([]);
});
