import { defineConfig } from 'tsup'

// Ten thousand of them are started: plain JavaScript, in one file. Only core finds its addon from where it lies.
export default defineConfig({
  entry: ['src/kill/participant.ts'],
  format: ['esm'],
  target: 'node20',
  external: ['@memlane/core'],
  sourcemap: true,
  clean: true,
})
