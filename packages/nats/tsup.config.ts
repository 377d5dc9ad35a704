import { writeFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20',
  dts: true,
  sourcemap: true,
  clean: true,
  async onSuccess() {
    const { bridgeSchema } = (await import('./dist/index.js' as string)) as typeof import('./src/index.js')
    writeFileSync('dist/bridge.schema.json', `${JSON.stringify(bridgeSchema(), undefined, 2)}\n`)
  },
})
