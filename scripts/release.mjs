// Publishes all packages, each after those that it depends on:
//
//   node scripts/release.mjs --dry-run              shows what would be published, in which order, and the changelog
//   node scripts/release.mjs [--registry URL]       publishes; leaves out versions that the registry has
//
// Both pack first, with the addon for all systems. For trials, --this-system compiles only this one.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from './arguments.mjs'
import { npm } from './npm.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const usage = `Usage: npm run release -- [--dry-run] [--registry URL] [--this-system]

Packs all packages and publishes them, each after those that it depends on. Leaves out versions that the registry has.

  --dry-run        publishes nothing: shows what would be published, in which order, and the changelog
  --registry URL   publishes there
  --this-system    for trials: compiles the addon for this system only`
const { values } = readArguments(usage, {
  options: { 'dry-run': { type: 'boolean' }, registry: { type: 'string' }, 'this-system': { type: 'boolean' } },
})
const registry = values.registry ? ['--registry', values.registry] : []
const packing = ['pack', ...(values['this-system'] ? ['--this-system'] : [])]

const packages = readdirSync(join(root, 'packages')).map((folder) =>
  JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')),
)

/** Returns the packages so that each comes after its dependencies. */
function inOrder() {
  const sorted = []
  const visit = (each) => {
    if (each === undefined || sorted.includes(each)) return
    for (const name of Object.keys(each.dependencies ?? {})) visit(packages.find((other) => other.name === name))
    sorted.push(each)
  }
  for (const each of packages) visit(each)
  return sorted
}

/** Returns the part of CHANGELOG.md about a version. */
function changesOf(version) {
  const sections = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split(/^(?=## )/m)
  const section = sections.find((each) => each.startsWith(`## ${version}\n`))
  if (section === undefined) throw new Error(`CHANGELOG.md says nothing about ${version}`)
  return section.trim()
}

/** @throws Error if the registry gives no answer */
function isPublished({ name, version }) {
  const { status, stdout, stderr } = npm(['view', `${name}@${version}`, 'version', '--json', ...registry], {
    encoding: 'utf8',
  })
  if (status === 0) return stdout.includes(version)
  if (!`${stdout}${stderr}`.includes('E404')) throw new Error(`npm view ${name}@${version} failed:\n${stdout}${stderr}`)
  return false
}

const changes = [...new Set(packages.map(({ version }) => version))].map(changesOf)
const modified = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })
if (modified !== '' && !values['dry-run'] && !values.registry) throw new Error(`Commit first:\n${modified}`)
const folder = mkdtempSync(join(tmpdir(), 'memlane-release-'))
try {
  execFileSync(process.execPath, ['scripts/workspace.mjs', ...packing, '--out', folder], {
    cwd: root,
    stdio: 'inherit',
  })
  for (const each of inOrder()) {
    const { name, version } = each
    const tarball = join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
    const label = `${name}@${version}, ${Math.round(statSync(tarball).size / 1024)} KiB`
    if (isPublished(each)) {
      console.log(`${label}: the registry has it`)
    } else if (values['dry-run']) {
      console.log(`${label}: would be published`)
    } else {
      // npm may ask for a one-time password.
      const { status } = npm(['publish', tarball, '--access', 'public', ...registry], { stdio: 'inherit' })
      if (status !== 0) throw new Error(`${label}: npm publish ended with ${status}`)
      console.log(`${label}: published`)
    }
  }
  for (const change of changes) console.log(`\n${change}`)
} finally {
  rmSync(folder, { recursive: true })
}
