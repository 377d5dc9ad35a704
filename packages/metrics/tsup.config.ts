import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/opentelemetry.ts', 'src/prometheus.ts'],
  format: ['esm'],
  target: 'node20',
  dts: true,
  sourcemap: true,
  clean: true,
})
