// Makes of Next's export what the server embeds: dist/ with compressed forms beside the files, and panel.json with the
// hashes of the pages' own scripts. Fails if a page loads more script at first than the budget.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('..', import.meta.url));
const out = join(folder, 'out');
const dist = join(folder, 'dist');
const PAGE_BUDGET = 270_000;
const COMPRESSED = /\.(html|js|css|txt|json|svg|webmanifest)$/;
/** Below this nothing is won. */
const SMALL = 512;

function* files(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

for (const name of readdirSync(dist)) if (name !== 'stub.html') rmSync(join(dist, name), { recursive: true });
mkdirSync(dist, { recursive: true });
cpSync(out, dist, { recursive: true });

const scripts = new Set();
const sizes = new Map();
const gzipped = (path) => {
  if (!sizes.has(path)) sizes.set(path, gzipSync(readFileSync(path)).length);
  return sizes.get(path);
};
const pages = [];
for (const path of files(out)) {
  if (!path.endsWith('.html')) continue;
  const html = readFileSync(path, 'utf8');
  for (const [, attributes, text] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
    if (!attributes.includes('src=')) {
      scripts.add(`sha256-${createHash('sha256').update(text).digest('base64')}`);
    }
  }
  const loaded = new Set(
    [...html.matchAll(/<script[^>]*src="\/([^"]+\.js)"(?![^>]*noModule)[^>]*>/gi)].map((match) => match[1]),
  );
  let total = 0;
  for (const name of loaded) total += gzipped(join(out, name));
  pages.push([relative(out, path).split(sep).join('/'), total]);
}

let all = 0;
for (const path of files(out)) {
  if (!COMPRESSED.test(path) || statSync(path).size < SMALL) continue;
  const data = readFileSync(path);
  const target = join(dist, relative(out, path));
  const brotli = brotliCompressSync(data, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length },
  });
  all += brotli.length;
  writeFileSync(`${target}.br`, brotli);
  writeFileSync(`${target}.gz`, gzipSync(data, { level: 9 }));
}

pages.sort(([one], [other]) => one.localeCompare(other));
for (const [name, size] of pages) console.log(`${String(Math.round(size / 1000)).padStart(5)} kB gzip  ${name}`);
console.log(`${String(Math.round(all / 1000)).padStart(5)} kB brotli in all, ${scripts.size} scripts in pages`);
const heavy = pages.filter(([, size]) => size > PAGE_BUDGET);
if (heavy.length > 0) {
  console.error(`more than ${PAGE_BUDGET / 1000} kB of script at first: ${heavy.map(([name]) => name).join(', ')}`);
  process.exit(1);
}
// Last, since whoever finds it takes the panel for built.
writeFileSync(join(dist, 'panel.json'), JSON.stringify({ scripts: [...scripts].sort() }));
