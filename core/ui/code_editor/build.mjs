// Builds built/editor.js and built/editor.css from src/, with what says that they belong together.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "built");
const SETTINGS = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"];

await mkdir(built, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { editor: "src/index.ts", style: "src/style.css" },
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  outdir: "built",
  alias: { "@codemirror/lang-html": "./src/no_html.ts" },
  format: "esm",
  target: ["chrome111", "firefox113", "safari16.4"],
  legalComments: "none",
  charset: "utf8",
});
await write("editor.js", textOf(".js"));
await write("editor.css", textOf(".css"));
await write("LICENSES.txt", await licences(result.metafile));
await write("sources.sha256", `${await hashOfSources()}\n`);

function textOf(suffix) {
  return result.outputFiles.find((file) => file.path.endsWith(suffix)).text;
}

async function write(name, text) {
  await writeFile(join(built, name), text);
}

// The test recomputes this: the names and contents of all sources, in the order of their names.
async function hashOfSources() {
  const sources = (await readdir(join(here, "src"))).map((name) => `src/${name}`);
  const hash = createHash("sha256");
  for (const name of [...SETTINGS, ...sources].sort()) {
    hash.update(`${name}\0`).update(await readFile(join(here, name))).update("\0");
  }
  return hash.digest("hex");
}

// Every package of which a part is in the bundle, with its licence's words.
async function licences(metafile) {
  const inputs = Object.keys(metafile.inputs).filter((path) => path.includes("node_modules/"));
  const names = new Set(inputs.map((path) => packageOf(path.split("node_modules/").at(-1))));
  const parts = await Promise.all([...names].sort().map(noticeOf));
  return `editor.js and editor.css contain parts of the following packages.\n\n${parts.join("\n")}`;
}

function packageOf(path) {
  const parts = path.split("/");
  return parts.slice(0, path.startsWith("@") ? 2 : 1).join("/");
}

async function noticeOf(name) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[sc]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} brings no licence text: add it by hand`);
  const words = await readFile(join(folder, file), "utf8");
  return `${"=".repeat(80)}\n${name} ${version} (${license})\n\n${words.trim()}\n`;
}
