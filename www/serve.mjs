// Serves www/dist on this machine only. `node serve.mjs [--port N]`
//
// Without --port it takes 4173 or the next free port; with it, that port or none.

import { createServer } from "node:http";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sirv from "sirv";

const HOST = "127.0.0.1";
const FIRST_PORT = 4173;
const PORTS_TRIED = 20;

// WebAssembly is the one thing the page needs beyond its own files.
const HEADERS = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

const dist = fileURLToPath(new URL("./dist", import.meta.url));
const port = readPort();
if (!existsSync(`${dist}/index.html`)) {
  fail("www/dist is not built; `cargo xtask play` builds it");
}

// `dev` looks at the disk for each request, so that a rebuild under a running server is seen and
// a file that went away is a 404. Its headers would be uncached; setHeaders decides instead.
const files = sirv(dist, {
  dev: true,
  etag: true,
  setHeaders(response, pathname) {
    // Vite puts a hash of the contents into the name of whatever it places in assets.
    const hashed = pathname.startsWith("/assets/");
    response.setHeader("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  },
});

const server = createServer((request, response) => {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { Allow: "GET, HEAD" }).end();
    return;
  }
  files(request, response, () => {
    response.writeHead(404, { "Content-Type": "text/plain;charset=utf-8" }).end("Not found\n");
  });
});

let next = port ?? FIRST_PORT;
server.on("error", (error) => {
  if (error.code !== "EADDRINUSE") fail(error.message);
  if (port !== undefined) fail(`port ${port} is taken; choose another with --port`);
  next += 1;
  if (next >= FIRST_PORT + PORTS_TRIED) {
    fail(`ports ${FIRST_PORT} to ${next - 1} are taken; choose another with --port`);
  }
  server.listen(next, HOST);
});
server.on("listening", () => {
  console.log(`\n  AOF Lab: http://${HOST}:${server.address().port}/\n  Ctrl-C ends it.\n`);
});
server.listen(next, HOST);

function readPort() {
  let text;
  try {
    text = parseArgs({ options: { port: { type: "string" } } }).values.port;
  } catch (error) {
    fail(error.message);
  }
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65535) fail(`--port ${text}: not a port`);
  return number;
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
