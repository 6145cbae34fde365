import { defineConfig } from "vite";

// Chromium 109 is the last for Windows 7, which agencies still run.
const oldestBrowsers = ["chrome109", "firefox115", "safari15.4"];

export default defineConfig({
  // Relative, so that the output works under any STATIC_URL.
  base: "./",
  publicDir: false,
  css: {
    preprocessorOptions: {
      scss: {
        // Bootstrap 5.3 is written with @import; it is theirs to change.
        quietDeps: true,
        silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
      },
    },
  },
  build: {
    outDir: "static/build",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: oldestBrowsers,
    cssTarget: oldestBrowsers,
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // ECharts is one lazy chunk, loaded only by pages with a chart.
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: { main: "src/main.ts" },
      // htmx has an eval that its configuration switches off.
      checks: { eval: false },
    },
  },
});
