// Builds built/snippet.js from src/, with what says that they belong together.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "built");
const SETTINGS = ["build.mjs", "package-lock.json", "package.json"];

await mkdir(built, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { snippet: "src/snippet.js" },
  bundle: true,
  minify: true,
  outdir: "built",
  format: "iife",
  target: ["es2019"],
  legalComments: "none",
  charset: "utf8",
});
await writeFile(join(built, "sources.sha256"), `${await hashOfSources()}\n`);

// The test recomputes this: the names and contents of all sources, in the order of their names.
async function hashOfSources() {
  const sources = (await readdir(join(here, "src"))).map((name) => `src/${name}`);
  const hash = createHash("sha256");
  for (const name of [...SETTINGS, ...sources].sort()) {
    hash.update(`${name}\0`).update(await readFile(join(here, name))).update("\0");
  }
  return hash.digest("hex");
}
