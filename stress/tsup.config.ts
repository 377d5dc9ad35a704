import { fileURLToPath } from 'node:url'
import { defineConfig, type Options } from 'tsup'

// Thousands of these programs are started, and they play a million cases. So they are plain JavaScript, one file each. Only
// core stays outside, because it looks for its addon beside itself, and nats, because few programs need it.
const programs: Options = {
  format: ['esm'],
  target: 'node20',
  external: ['@memlane/core', '@memlane/nats', /^@nats-io\//],
  splitting: false,
  sourcemap: true,
}

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Builds memlane itself from its sources, with another module in place of the one of the ordered accesses. */
const withAtomics = (module: string): Options => ({
  ...programs,
  noExternal: [/^@memlane\/(?!core)/],
  esbuildPlugins: [
    {
      name: 'other ordered accesses',
      setup(build) {
        const atomics = pathOf('../packages/protocol/src/memory/atomics.ts')
        const other = pathOf(module)
        let replaced = 0
        build.onResolve({ filter: /^@memlane\/(channel|consumer|producer|protocol)(\/internal)?$/ }, ({ path }) => {
          const [, name, entry = 'index'] = path.split('/')
          return { path: pathOf(`../packages/${name}/src/${entry}.ts`) }
        })
        build.onResolve({ filter: /\/atomics\.js$/ }, ({ importer }) => {
          if (importer === other) return { path: atomics }
          replaced++
          return { path: other }
        })
        build.onEnd(() => {
          if (replaced === 0) throw new Error('nothing imports the module of the ordered accesses')
        })
      },
    },
  ],
})

export default defineConfig([
  {
    ...programs,
    entry: {
      'run-role': 'src/crash/run-role.ts',
      'kill-participant': 'src/kill/participant.ts',
      'kill-queue-participant': 'src/kill-queue/participant.ts',
      'kill-latest-participant': 'src/kill/latest-participant.ts',
      'run-cases': 'src/fuzz/run-cases.ts',
      'torn-writer': 'src/torn/writer.ts',
      scribbler: 'src/scribble/scribbler.ts',
      'bridge-participant': 'src/bridge/participant.ts',
      'bridge-run': 'src/bridge/run.ts',
      'scribble-participant': 'src/scribble/participant.ts',
    },
  },
  // Each store is a crash point.
  { ...withAtomics('src/crash/counted-atomics.ts'), entry: { 'crashing-process': 'src/crash/crashing-process.ts' } },
  // The ledger knows of each take.
  {
    ...withAtomics('src/kill-call/noted-atomics.ts'),
    entry: { 'kill-call-participant': 'src/kill-call/participant.ts' },
  },
])
