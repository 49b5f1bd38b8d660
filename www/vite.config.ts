import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// Nothing is inlined into the HTML or as a data: address: the page is served under
// `script-src 'self' 'wasm-unsafe-eval'; style-src 'self'`.
export default defineConfig({
  plugins: [svelte({ emitCss: true })],
  base: "./",
  worker: { format: "es" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
  },
  server: { fs: { allow: [".."] } },
});
