import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  dts: true,
  sourcemap: true,
  clean: true,
  esbuildOptions(options) {
    // As in protocol.
    options.minifySyntax = true
  },
})
