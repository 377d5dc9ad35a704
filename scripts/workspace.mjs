// The project's commands, on a machine that has Node.js, npm and a C++ compiler and nothing else:
//
//   node scripts/workspace.mjs build | demo | test | test:windows | test:arm64 | bench | stress | stress:windows | coverage |
//     check  [arguments…]
//
// Every command first brings pnpm (through npx, at the version that package.json pins), installs from the lockfile and
// builds, each only when out of date.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Runs a command of the project's own tools (or of the system), and ends with its exit code when it fails. */
function run(command, args, { quiet = false } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH,
      TURBO_TELEMETRY_DISABLED: '1',
      npm_config_update_notifier: 'false',
    },
  })
  if (result.status === 0) return
  if (quiet) process.stderr.write(`${result.stdout}${result.stderr}`)
  process.stderr.write(`${[command, ...args].join(' ')} failed${result.error ? `: ${result.error.message}` : ''}\n`)
  process.exit(result.status ?? 1)
}

function install() {
  const stamp = join(root, 'node_modules', '.installed')
  const lockfile = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex')
  const complete = existsSync(join(root, 'packages', 'core', 'node_modules'))
  if (complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile) return
  process.stderr.write('Installing and building, once: this takes a while.\n')
  run('npx', ['--yes', manifest.packageManager, 'install', '--frozen-lockfile'], { quiet: true })
  writeFileSync(stamp, lockfile)
}

function build() {
  install()
  run('turbo', ['run', 'build', 'build:native', '--output-logs=errors-only'], { quiet: true })
}

function check() {
  build()
  run('biome', ['ci', '--error-on-warnings', '.'])
  run('clang-format', ['--dry-run', '--Werror', ...nativeSources()])
  run('turbo', ['run', 'typecheck', '--output-logs=errors-only'], { quiet: true })
  run('node', ['scripts/error-codes.mjs', '--check'])
  run('knip', [])
  for (const name of readdirSync(join(root, 'packages'))) {
    run('publint', ['--strict', join('packages', name)], { quiet: true })
    run('attw', ['--pack', join('packages', name), '--profile', 'esm-only'], { quiet: true })
  }
  console.log('Formatting, lint, types, unused code and packages: clean.')
}

function nativeSources() {
  return ['packages/core/native', 'interop/peers', 'scripts/windows/c', 'bench/native', 'stress/native'].flatMap(
    (folder) =>
      readdirSync(join(root, folder), { recursive: true })
        .filter((file) => /\.(c|cc|h)$/.test(file))
        .map((file) => join(folder, file)),
  )
}

const commands = {
  build,
  demo() {
    build()
    run('node', ['scripts/demo.mjs'])
  },
  test(...args) {
    build()
    run('vitest', ['run', ...args])
  },
  'test:windows'(...args) {
    build()
    run('scripts/windows/test.sh', args)
  },
  'test:arm64'(...args) {
    build()
    run('scripts/arm64/test.sh', args)
  },
  bench(...args) {
    build()
    run('tsx', ['bench/src/main.ts', ...args])
  },
  stress(...args) {
    build()
    run('tsx', ['stress/src/main.ts', ...args])
  },
  'stress:windows'(...args) {
    build()
    run('scripts/windows/stress.sh', args)
  },
  coverage(...args) {
    build()
    run('node', ['scripts/coverage.mjs', ...args])
  },
  check,
}

const [command, ...args] = process.argv.slice(2)
if (!Object.hasOwn(commands, command ?? '')) {
  console.error(`usage: node scripts/workspace.mjs ${Object.keys(commands).join(' | ')} [arguments…]`)
  process.exit(2)
}
commands[command](...args)
