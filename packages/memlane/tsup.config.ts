import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/layouts.ts', 'src/main.ts', 'src/messagepack.ts'],
  format: ['esm'],
  target: 'node20',
  dts: { entry: ['src/index.ts', 'src/layouts.ts', 'src/messagepack.ts'] },
  clean: true,
})
