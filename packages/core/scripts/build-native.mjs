// Makes the addon for this system. Does nothing if the binary in prebuilds was made from these sources. Uses node-gyp; on Linux x64
// without a compiler, fetches one (cross-compiler.mjs).

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isUpToDate, pathOf, recordBuild, root, targetOfThisSystem } from './binaries.mjs'
import { COMPILER } from './cross-compiler.mjs'
import { makePortableBinary } from './portable-binary.mjs'

const target = targetOfThisSystem()
const nodeGyp = `node-gyp, Node.js ${process.version}`

const runs = (program, ...args) => spawnSync(program, [...args, '--version'], { stdio: 'ignore' }).status === 0

/** True if node-gyp finds what it needs. */
function hasCompiler() {
  const compilers = process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++']
  const pythons = [process.env.PYTHON ?? 'python3', 'python3', 'python']
  return (
    runs('make') && compilers.some((compiler) => runs(...compiler.split(' '))) && pythons.some((python) => runs(python))
  )
}

function buildWithNodeGyp() {
  // Every Node.js distribution carries its headers. If they are in their usual place, node-gyp downloads nothing.
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : []
  const script = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  const result = spawnSync(process.execPath, [script, 'rebuild', '--loglevel=warn', ...headers], {
    cwd: join(root, 'native'),
    encoding: 'utf8',
  })
  if (result.status !== 0) {
    const compiler =
      process.platform === 'win32'
        ? 'the Visual Studio Build Tools with the workload "Desktop development with C++"'
        : 'make and g++ or clang++'
    process.stderr.write(`${result.stdout}${result.stderr}`)
    process.stderr.write(
      `\nThe native part of @memlane/core did not compile. It needs Python 3 and a C++17 compiler: ${compiler}.\n`,
    )
    process.exit(1)
  }
  mkdirSync(dirname(pathOf(target)), { recursive: true })
  renameSync(join(root, 'native', 'build', 'Release', 'memlane.node'), pathOf(target))
}

if (!isUpToDate(target, nodeGyp, COMPILER)) {
  if (process.platform === 'linux' && process.arch === 'x64' && !hasCompiler()) {
    makePortableBinary(target)
  } else {
    buildWithNodeGyp()
    recordBuild(target, nodeGyp)
  }
}
