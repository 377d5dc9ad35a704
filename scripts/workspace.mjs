// The project's commands, for a machine with Node.js and npm:
//
//   node scripts/workspace.mjs build | demo | test | test:long | test:runtimes | test:heap | test:chromium | test:windows |
//     test:macos | test:arm64 | test:prometheus | test:nats | test:install | bench | stress | stress:windows | prebuild | pack | release | coverage |
//     docs | check  [arguments…]
//
// Every command first fetches pnpm (through npm, at the version that package.json pins), installs from the lockfile and
// builds. Each of these steps runs only if it is out of date.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from './arguments.mjs'
import { npm } from './npm.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The project of the tests that `test` leaves to `test:long`: kills, crash points, faults and fuzzing. */
const LONG_TESTS = '@memlane/stress'

/** The packages whose tools have another name. */
const packages = {
  biome: '@biomejs/biome',
  'clang-format': 'clang-format-node',
}

/** Runs a tool of node_modules. Node starts its script itself, because Windows cannot start the links in .bin. */
function runTool(name, args, options) {
  const folder = join(root, 'node_modules', packages[name] ?? name)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  run(process.execPath, [join(folder, typeof bin === 'string' ? bin : bin[name]), ...args], options)
}

/** Runs a program, and ends with its exit code if it fails. */
function run(command, args, options) {
  finish([command, ...args], options, (spawnOptions) => spawnSync(command, args, spawnOptions))
}

function finish(words, { quiet = false } = {}, start) {
  const result = start({
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH, // turbo looks for pnpm there
      TURBO_TELEMETRY_DISABLED: '1',
      npm_config_update_notifier: 'false',
    },
  })
  if (result.status === 0) return
  if (quiet && !result.error) process.stderr.write(`${result.stdout}${result.stderr}`)
  process.stderr.write(`${words.join(' ')} failed${result.error ? `: ${result.error.message}` : ''}\n`)
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
  const args = ['exec', '--yes', '--', manifest.packageManager, 'install', '--frozen-lockfile']
  finish(['npm', ...args], { quiet: true }, (options) => npm(args, options))
  writeFileSync(stamp, lockfile)
}

function build() {
  install()
  run(process.execPath, ['packages/core/scripts/build-native.mjs'])
  runTool('turbo', ['run', 'build', '--output-logs=errors-only'], { quiet: true })
}

function check() {
  build()
  runTool('biome', ['ci', '--error-on-warnings', '.'])
  runTool('clang-format', ['--dry-run', '--Werror', ...nativeSources()])
  runTool('turbo', ['run', 'typecheck', 'check', '--output-logs=errors-only'], { quiet: true })
  run(process.execPath, ['scripts/error-codes.mjs', '--check'])
  runTool('knip', [])
  runTool('typedoc', ['--options', 'docs/typedoc.json', '--emit', 'none'])
  console.log('Formatting, lint, types, unused code, packages and docstrings: clean.')
}

function nativeSources() {
  return [
    'packages/core/native',
    'interop/peers',
    'scripts/chromium',
    'scripts/macos',
    'scripts/windows/c',
    'bench/native',
    'stress/native',
  ].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((file) => /\.(c|cc|h)$/.test(file))
      .map((file) => join(folder, file)),
  )
}

const commands = {
  build,
  demo() {
    build()
    run(process.execPath, ['scripts/demo.mjs'])
  },
  test(...args) {
    build()
    runTool('vitest', ['run', `--project=!${LONG_TESTS}`, ...args])
  },
  'test:long'(...args) {
    build()
    // One file at a time: under load, a process makes other stores than when its crash points were counted.
    runTool('vitest', ['run', `--project=${LONG_TESTS}`, '--maxWorkers=1', ...args])
  },
  'test:runtimes'(...args) {
    build()
    run(process.execPath, ['scripts/runtimes/test.mjs', ...args])
  },
  'test:heap'(...args) {
    build()
    run(process.execPath, ['scripts/test-heap.mjs', ...args])
  },
  async 'test:chromium'(...args) {
    const trials = args.length === 0 ? ['heap', 'dashboard'] : args
    build()
    if (trials.includes('heap')) run(process.execPath, ['scripts/chromium/cage-trial.mjs'])
    if (trials.includes('dashboard')) {
      const { installChromium } = await import('./chromium/install.mjs')
      console.log(installChromium())
      runTool('vitest', ['run', '--config', 'packages/dashboard/vitest.chromium.config.ts'])
    }
  },
  'test:windows'(...args) {
    build()
    run('scripts/windows/test.sh', args)
  },
  'test:macos'(...args) {
    build()
    run(process.execPath, ['scripts/macos/test.mjs', ...args])
  },
  'test:arm64'(...args) {
    build()
    run('scripts/arm64/test.sh', args)
  },
  'test:prometheus'(...args) {
    build()
    run('scripts/prometheus/test.sh', args)
  },
  'test:nats'(...args) {
    build()
    run('scripts/nats/test.sh', args)
  },
  'test:install'(...args) {
    build()
    run(process.execPath, ['compat/install/main.mjs', ...args])
  },
  bench(...args) {
    build()
    runTool('tsx', ['bench/src/main.ts', ...args])
  },
  stress(...args) {
    build()
    runTool('tsx', ['stress/src/main.ts', ...args])
  },
  'stress:windows'(...args) {
    build()
    run('scripts/windows/stress.sh', args)
  },
  prebuild(...args) {
    install()
    run(process.execPath, ['packages/core/scripts/prebuild.mjs', ...args])
  },
  pack(...args) {
    const usage = `Usage: npm run pack -- [--out DIR] [--this-system]

Packs all packages into one folder, with the addon for all systems.

  --out DIR       the folder (default: packed)
  --this-system   compiles the addon for this system only`
    const { values } = readArguments(usage, {
      args,
      options: { out: { type: 'string', default: 'packed' }, 'this-system': { type: 'boolean' } },
    })
    build()
    if (!values['this-system']) run(process.execPath, ['packages/core/scripts/prebuild.mjs'], { quiet: true })
    const out = resolve(values.out)
    const old = existsSync(out) ? readdirSync(out).filter((name) => /^memlane-.*\.tgz$/.test(name)) : []
    for (const name of old) rmSync(join(out, name))
    runTool('pnpm', ['-r', '--filter', './packages/*', 'pack', '--pack-destination', out], {
      quiet: true,
    })
    console.log(`Packed all packages into ${values.out}`)
  },
  release(...args) {
    run(process.execPath, ['scripts/release.mjs', ...args])
  },
  coverage(...args) {
    build()
    run(process.execPath, ['scripts/coverage.mjs', ...args])
  },
  docs() {
    build()
    runTool('typedoc', ['--options', 'docs/typedoc.json'])
    runTool('vitest', ['run', '--project', '@memlane/docs', 'links'])
  },
  check,
}

const [command, ...args] = process.argv.slice(2)
if (!Object.hasOwn(commands, command ?? '')) {
  console.error(`usage: node scripts/workspace.mjs ${Object.keys(commands).join(' | ')} [arguments…]`)
  process.exit(2)
}
commands[command](...args)
