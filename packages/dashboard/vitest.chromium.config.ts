import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The tests in a real browser: `npm run test:chromium`. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['chromium/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', fileURLToPath(new URL('../../scripts/count-reporter.ts', import.meta.url))],
  },
})
