import { defineConfig } from "@playwright/test";

const PORT = process.env.AOF_LAB_PAGE_PORT ?? "4319";

// Debian's Chromium, as the automation finds it; Playwright downloads no browser of its own.
const chromium = process.env.AOF_LAB_CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: ".",
  outputDir: "../../target/page-tests",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: [["list"]],
  // Only what hangs is ended: a busy machine may take minutes for a run of 200 steps.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  use: {
    baseURL: `http://127.0.0.1:${PORT}/`,
    viewport: { width: 1440, height: 900 },
    locale: "en-US",
    launchOptions: { executablePath: chromium, args: ["--no-sandbox"] },
  },
  webServer: {
    command: `node ../../www/serve.mjs --port ${PORT}`,
    url: `http://127.0.0.1:${PORT}/`,
    reuseExistingServer: false,
  },
});
