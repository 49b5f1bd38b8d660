import { expect, test } from "@playwright/test";

test("without scripts the page says why it is empty", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/");
  await expect(page.locator("main")).toContainText(/scripts\s+turned off/);
  await context.close();
});

test("when the engine cannot be loaded the page says so in one sentence", async ({ page }) => {
  await page.route(/\.wasm$/, (route) => route.abort());
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText("The engine could not be started");
});

test("nothing is asked of another host, and storage is not needed", async ({ page }) => {
  const hosts = new Set<string>();
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await page.addInitScript(() => {
    Object.defineProperty(window, "localStorage", {
      get: () => {
        throw new Error("forbidden");
      },
    });
  });
  await page.goto("/");
  await expect(page.getByTestId("stage")).toBeVisible();
  await page.getByRole("button", { name: "中文" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  expect([...hosts]).toHaveLength(1);
});
