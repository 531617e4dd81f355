// Bundles the chart library and gathers its licences: node build.mjs FOLDER. Called by hatch_build.py.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const out = process.argv[2];
const parts = [
  ["Apache ECharts", "echarts", ["LICENSE", "licenses/LICENSE-d3"]],
  ["zrender", "zrender", ["LICENSE"]],
  ["tslib", "tslib", ["LICENSE.txt"]],
];

const read = (...names) => readFileSync(join("node_modules", ...names), "utf8");
const version = (name) => JSON.parse(read(name, "package.json")).version;

await build({
  entryPoints: ["echarts.js"],
  outfile: join(out, `echarts.${version("echarts")}.js`),
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2020",
  define: { "process.env.NODE_ENV": '"production"' },
  // Licences go beside the bundle, whole, rather than into it in part.
  legalComments: "none",
  logLevel: "warning",
});

const licences = parts.map(([title, name, files]) =>
  [`${title} ${version(name)}`, ...files.map((file) => read(name, ...file.split("/")).trim())].join("\n\n"));
writeFileSync(join(out, "echarts.LICENSE.txt"), `${licences.join(`\n\n${"=".repeat(80)}\n\n`)}\n`);
writeFileSync(join(out, "echarts.NOTICE.txt"), read("echarts", "NOTICE"));
