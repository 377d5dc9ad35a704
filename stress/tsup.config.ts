import { defineConfig } from 'tsup'

// Thousands of participants are started, and a million cases played: plain JavaScript, a file each. Only core finds its addon
// from where it lies.
export default defineConfig({
  entry: {
    participant: 'src/kill/participant.ts',
    player: 'src/fuzz/player.ts',
    vandal: 'src/scribble/vandal.ts',
    victim: 'src/scribble/victim.ts',
  },
  splitting: false,
  format: ['esm'],
  target: 'node20',
  external: ['@memlane/core'],
  sourcemap: true,
  clean: true,
})
