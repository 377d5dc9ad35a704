import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    internal: 'src/internal.ts',
    layouts: 'src/layouts/index.ts',
    messagepack: 'src/codec/messagepack.ts',
  },
  format: ['esm'],
  target: 'node20',
  dts: true,
  sourcemap: true,
  clean: true,
  esbuildOptions(options) {
    // Makes literals of constants of other modules: V8 takes a variable of a module for one that may change.
    options.minifySyntax = true
  },
})
