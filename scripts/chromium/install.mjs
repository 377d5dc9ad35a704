// Installs Debian's Chromium with apt if it is missing.

import { execFileSync } from 'node:child_process'

/** Not the script in /usr/bin, which changes the environment. */
export const chromium = '/usr/lib/chromium/chromium'

/** Returns the version of Chromium. */
export function installChromium() {
  try {
    return version()
  } catch {
    const sudo = process.getuid() === 0 ? [] : ['sudo']
    const apt = [...sudo, 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300']
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
      execFileSync(apt[0], [...apt.slice(1), ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
    }
    return version()
  }
}

function version() {
  return execFileSync(chromium, ['--version'], { encoding: 'utf8' }).trim()
}
