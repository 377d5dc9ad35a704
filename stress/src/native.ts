import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'

const script = fileURLToPath(new URL('../../scripts/native-checks.mjs', import.meta.url))

export const native = new Command('native')
  .description('Checks the native code under sanitizers: its own tests, and libFuzzer on its untrusted input (Linux).')
  .argument('<check>', 'asan (address, leak, undefined behaviour), tsan (threads), or fuzz')
  .argument('[seconds]', 'how long to fuzz', '600')
  .option('--gcc', 'asan and tsan: g++ instead of clang++, which is installed if it is missing')
  .action((check: string, seconds: string, options: { gcc?: true }) => {
    const args = [check, ...(check === 'fuzz' ? [seconds] : []), ...(options.gcc ? ['--gcc'] : [])]
    process.exitCode = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status ?? 1
  })
