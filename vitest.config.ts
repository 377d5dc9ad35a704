import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    reporters: ['default', './scripts/count-reporter.ts'],
    projects: ['packages/*', 'apps/*', 'compat', 'docs', 'examples', 'interop', 'testing', 'bench', 'stress'],
    coverage: { include: ['packages/*/src/**'], reportOnFailure: true },
  },
})
