// The table view holds every fact of the snapshot.
import { expect, test, type Page } from "@playwright/test";
import { open, showTables, snapshot, stepButton } from "./lab.ts";

async function cells(page: Page, table: string): Promise<string[][]> {
  return page
    .locator(`table[data-table=${table}] tbody tr`)
    .evaluateAll((rows) =>
      rows.map((row) => [...row.children].map((cell) => (cell.textContent ?? "").trim())),
    );
}

async function expectParity(page: Page): Promise<void> {
  const snap = await snapshot(page);
  const log = await cells(page, "log");
  expect(log).toHaveLength(snap.log.length);
  for (const [row, entry] of snap.log.entries()) {
    const line = log[row] ?? [];
    expect(line.slice(0, 4)).toEqual([
      String(entry.index),
      String(entry.from),
      String(entry.to),
      entry.words.join(" "),
    ]);
    expect(line[9]).toBe(entry.acknowledged ? "yes" : "no");
    const layer = {
      memory: "in process memory",
      cache: "in the page cache",
      syncing: "in the page cache, syncing",
      disk: "on disk",
    };
    expect(line[10]).toBe(layer[entry.layer]);
    expect(line[11]).toBe(entry.fate ?? "none");
  }
  const dataset = await cells(page, "dataset");
  expect(dataset.map((line) => line.slice(0, 3))).toEqual(
    snap.dataset.map((key) => [String(key.db), key.key, key.value]),
  );
  const verdict = await cells(page, "verdict");
  for (const [row, name] of (["killed", "power", "diskError"] as const).entries()) {
    const part = snap.verdict[name];
    expect(verdict[row]?.slice(1, 5)).toEqual(
      [part.sure, part.of, part.maybe, part.lost].map(String),
    );
    expect(verdict[row]?.[6]).toBe(String(part.riskBytes));
  }
  const layers = await cells(page, "layers");
  expect(layers.map((line) => [line[1], line[2]])).toEqual([
    [String(snap.written), String(snap.appended)],
    [String(snap.synced), String(snap.written)],
    [String(snap.log[0]?.from ?? snap.appended), String(snap.synced)],
  ]);
  expect(await cells(page, "fields")).toEqual(
    snap.fields.map((field) => [field.name, field.value, String(field.changedAtStep)]),
  );
  const commands = snap.clients.flatMap((client) => client.commands.map((command) => command.text));
  expect((await cells(page, "clients")).map((line) => line[2])).toEqual(commands);
  const directory = await cells(page, "directory");
  expect(directory.map((line) => line[0])).toEqual(snap.directory.map((entry) => entry.name));
  if (snap.crash) {
    const groups = await cells(page, "crash");
    expect(groups.map((line) => line.slice(0, 5))).toEqual(
      snap.crash.groups.map((g) =>
        [g.images, g.shortest, g.longest, g.keptWrites, g.lostWrites].map(String),
      ),
    );
  }
  const facts = Object.fromEntries(
    (await cells(page, "facts")).map(([name, value]) => [name, value]),
  );
  expect(facts["State digest"]).toBe(snap.digest);
  expect(facts["Acknowledged up to"]).toBe(String(snap.acknowledged));
}

test("at every step of the opening run", async ({ page }) => {
  await open(page);
  await page.getByRole("slider").press("Home");
  await showTables(page);
  await expectParity(page);
  for (let step = 1; step <= 19; step += 1) {
    await stepButton(page).click();
    await expectParity(page);
  }
});

test("after a power cut", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: /Cut the power/ }).click();
  await showTables(page);
  await expectParity(page);
  await page.getByRole("button", { name: "Stage view" }).click();
  await expect(page.getByTestId("stage")).toBeVisible();
});
