// The native code under the compilers' sanitizers, with the tests and the fuzz target of stress/native:
//
//   node scripts/native-checks.mjs asan [--gcc] | tsan [--gcc] | fuzz SECONDS | faults STRIDE [SCENE...]
//
// asan: Address-, Leak- and UndefinedBehaviorSanitizer over the tests. tsan: ThreadSanitizer over the same tests. fuzz:
// libFuzzer, which keeps its corpus in stress/build/corpus and its findings in stress/build. These use Debian's clang++,
// installed if it is missing, or g++ with --gcc. faults: system calls that fail, and kills after them (faults.cc), with
// g++. Linux only.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tests = join(root, 'stress', 'native')
const native = join(root, 'packages', 'core', 'native')
const out = join(root, 'stress', 'build')

const clang = 'clang++'
const memory = '-fsanitize=address,undefined'
const kinds = {
  asan: [memory],
  tsan: ['-fsanitize=thread'],
  fuzz: [memory, '-fsanitize=fuzzer'],
  faults: [],
}

/** The files of stress/native that each kind builds, besides the files that all kinds share. */
const parts = {
  asan: /^check\.cc$|_test\.cc$/,
  tsan: /^check\.cc$|_test\.cc$/,
  fuzz: /^fuzz_/,
  faults: /^fault/,
}
const isPart = (kind, source) => parts[kind].test(basename(source))
const isShared = (source) => !Object.keys(parts).some((kind) => isPart(kind, source))

/** Functions that the shim need not wrap: they cannot fail, or their failure tests nothing that an earlier call does not test. */
const harmless = new RegExp(
  '^(_Z|_GLOBAL|_Unwind|__(cxa|gxx|dso|stack_chk|errno|isoc99_sscanf|libc_single|gmon|tls)|uv_|mem|str|pthread_|' +
    '(abort|at(_quick_)?exit|clock_gettime|closedir|fclose|fgets|gete?uid|getrlimit|gnu_dev_m\\w+|sched_yield|sigfillset|sysconf)$)',
)

/** Ends this program if the command fails, and says why. */
function run(command, args, options) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', ...options })
  if (status === 0) return
  console.error(`${[command, ...args].join(' ')} failed: ${error?.message ?? signal ?? `exit code ${status}`}`)
  process.exit(1)
}

function installClang() {
  const found = spawnSync(clang, ['-print-runtime-dir'], { encoding: 'utf8' })
  if (found.status === 0 && existsSync(found.stdout.trim())) return
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', 'ignore', 'inherit'] }
  const apt = ['apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300']
  const [command, ...args] = process.getuid() === 0 ? apt : ['sudo', '--preserve-env=DEBIAN_FRONTEND', ...apt]
  run(command, [...args, 'update'], options)
  run(command, [...args, 'install', '-y', '--no-install-recommends', 'clang', 'libclang-rt-dev'], options)
}

/** Returns the folder of uv.h. Node.js distributions contain it; otherwise node-gyp has fetched it to compile the addon. */
function nodeHeaders() {
  const folders = [
    join(dirname(dirname(process.execPath)), 'include', 'node'),
    join(homedir(), '.cache', 'node-gyp', process.versions.node, 'include', 'node'),
  ]
  const found = folders.find((folder) => existsSync(join(folder, 'uv.h')))
  if (found) return found
  console.error(`There is no uv.h in ${folders.join(' or ')}; building the addon fetches it: npm test`)
  process.exit(1)
}

const listFiles = (suffix, ...folders) =>
  folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith(suffix))
      .map((file) => join(folder, file)),
  )

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Compiles the tests or the fuzz target with the native code of Linux, and returns the program. */
async function build(kind, gcc) {
  const compiler = gcc ? 'g++' : clang
  if (!gcc) installClang()
  const folder = join(out, `${kind}-${compiler}`)
  mkdirSync(folder, { recursive: true })
  const sanitizers = [...kinds[kind], '-fno-sanitize-recover=all', '-pthread']
  const flags = ['-std=c++17', '-O0', '-g', '-Wall', '-Wextra', '-Werror', '-I', native, '-I', nodeHeaders()]
  const folders = [join(native, 'posix'), join(native, 'linux')]
  const ours = listFiles('.cc', ...folders)
  const sources = [...ours, ...listFiles('.cc', tests).filter((source) => isPart(kind, source) || isShared(source))]
  const everyones = [fileURLToPath(import.meta.url), ...listFiles('.h', tests, native, ...folders)]
  const objectOf = (source) => join(folder, `${basename(dirname(source))}-${basename(source)}.o`)
  const isOutOfDate = (source) => [source, ...everyones].some((file) => modified(file) > modified(objectOf(source)))
  const pending = sources.filter(isOutOfDate)
  const compileThem = async () => {
    for (let source = pending.pop(); source; source = pending.pop()) {
      const args = [...flags, ...sanitizers, '-c', source, '-o', objectOf(source)]
      const compiling = spawn(compiler, args, { stdio: 'inherit' })
      const [status] = await once(compiling, 'close')
      if (status === 0) continue
      console.error(`${source} does not compile`)
      process.exit(1)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, compileThem))
  const program = join(folder, kind)
  const wraps = kind === 'faults' ? wrapsOf(ours.map(objectOf), objectOf(join(tests, 'fault_shim.cc'))) : []
  run(compiler, [...sanitizers, ...wraps, ...sources.map(objectOf), '-o', program])
  return program
}

/** Puts the shim between the native code and the system. Fails if the shim misses a function. */
function wrapsOf(objects, shim) {
  const symbols = (option, ...files) =>
    execFileSync('nm', ['--format=just-symbols', option, ...files], { encoding: 'utf8', maxBuffer: 2 ** 28 }).match(
      /^\w+$/gm,
    )
  const wrapped = symbols('--defined-only', shim)
    .filter((symbol) => symbol.startsWith('__wrap_'))
    .map((symbol) => symbol.slice('__wrap_'.length))
  const defined = symbols('--defined-only', ...objects)
  const called = new Set(symbols('--undefined-only', ...objects).filter((symbol) => !defined.includes(symbol)))
  const missing = [...called].filter((symbol) => !harmless.test(symbol) && !wrapped.includes(symbol))
  if (missing.length > 0) {
    console.error(`stress/native/fault_shim.cc does not know ${missing.join(', ')}`)
    process.exit(1)
  }
  return wrapped.map((symbol) => `-Wl,--wrap=${symbol}`)
}

const [kind, ...args] = process.argv.slice(2)
const seconds = Number(args[0])
if (!Object.hasOwn(kinds, kind ?? '') || (kind === 'fuzz' && !(seconds > 0))) {
  console.error(
    'usage: node scripts/native-checks.mjs asan [--gcc] | tsan [--gcc] | fuzz SECONDS | faults STRIDE [SCENE...]',
  )
  process.exit(2)
}
if (kind === 'fuzz') {
  const program = await build(kind, false)
  const corpus = join(out, 'corpus')
  mkdirSync(corpus, { recursive: true })
  const limits = ['-timeout=10', '-max_len=512', '-print_final_stats=1', `-max_total_time=${seconds}`]
  run(program, [...limits, `-artifact_prefix=${out}/`, corpus], { stdio: 'inherit' })
} else if (kind === 'faults') {
  run(await build(kind, true), args)
} else {
  run(await build(kind, args.includes('--gcc')), [], { stdio: 'inherit' })
}
