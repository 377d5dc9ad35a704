import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    reporters: ['default', './scripts/count-reporter.ts'],
    // Tests of processes mostly wait. One file more than there are CPUs keeps the CPUs busy.
    maxWorkers: availableParallelism() + 1,
    projects: ['packages/*', 'apps/*', 'compat', 'docs', 'examples', 'interop', 'testing', 'bench', 'stress'],
    coverage: { include: ['packages/*/src/**'], reportOnFailure: true },
  },
})
