import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/layouts.ts', 'src/messagepack.ts'],
  format: ['esm'],
  target: 'node20',
  dts: true,
  clean: true,
})
