import { copyFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  dts: true,
  sourcemap: true,
  clean: true,
  onSuccess: buildPage,
})

/** Bundles the page with everything that it needs, so that it works without a network. */
async function buildPage() {
  await build({
    entryPoints: { page: 'page/main.ts', style: 'page/style.css' },
    outdir: 'dist/page',
    bundle: true,
    format: 'esm',
    target: ['es2022', 'chrome110', 'firefox115', 'safari16'],
    minify: true,
    legalComments: 'eof',
  })
  for (const name of ['index.html', 'icon.svg']) await copyFile(`page/${name}`, `dist/page/${name}`)
}
