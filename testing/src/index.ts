export { type Child, type ChildExit, type ChildOptions, spawnChild } from './child.js'
export { type FixtureOptions, spawnFixture } from './fixture.js'
export { uniqueName } from './unique-name.js'
