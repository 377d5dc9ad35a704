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
    const built = './dist/index.js' // as a literal, it would be bundled into this file before it is there
    const { bridgeSchema } = (await import(built)) as typeof import('./src/index.js')
    writeFileSync('dist/bridge.schema.json', `${JSON.stringify(bridgeSchema(), undefined, 2)}\n`)
  },
})
