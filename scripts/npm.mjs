// Runs npm by Node itself: Windows cannot start npm.cmd or npx.cmd without a shell.

import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** Runs npm with these arguments, and gives the result of `spawnSync`. */
export function npm(args, options) {
  return spawnSync(process.execPath, [npmScript(), ...args], options)
}

/** Returns npm's own script: of the npm that runs this program, of this Node.js, or on the PATH. */
function npmScript() {
  const besideNode = dirname(process.execPath)
  const script = join('node_modules', 'npm', 'bin', 'npm-cli.js')
  const candidates = [
    process.env.npm_execpath ?? '', // another package manager's, if that runs this program
    join(besideNode, script), // Windows
    join(dirname(besideNode), 'lib', script),
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm')), // a link
  ]
  const found = candidates.filter((file) => file !== '' && existsSync(file)).map((file) => realpathSync(file))
  const npm = found.find((file) => file.endsWith('npm-cli.js'))
  if (npm === undefined) throw new Error(`npm was not found, neither beside ${process.execPath} nor on the PATH`)
  return npm
}
