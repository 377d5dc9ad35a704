import { rmSync } from 'node:fs'
import { uniqueName } from '@memlane/testing'
import { onTestFinished } from 'vitest'
import { capabilities } from '../src/index.js'

/** Returns the path of the file of an object. */
export const pathOf = (objectName: string) => capabilities.objectPath(objectName) as string

/** Removes a file or a folder after the test that runs now. */
export function removeAfterTest(path: string): void {
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
}

/** Makes a name that is taken verbatim, and the path of its object, which is removed after the test. */
export function verbatim(): [name: string, path: string] {
  const name = `/${uniqueName('memlane')}`
  removeAfterTest(pathOf(name))
  return [name, pathOf(name)]
}
