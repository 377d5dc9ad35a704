// A game that tells Mumble where its player is.
import { setTimeout } from 'node:timers/promises'
import { createRegion } from 'memlane'
import { MumbleLink, name } from './mumble-link.js'

using link = createRegion(name, MumbleLink)
link.view.uiVersion = 2
link.view.name = 'Example'
link.view.description = 'A game that walks in a circle'
console.log('playing')
for (let step = 0; ; step++) {
  link.update((fields) => {
    fields.avatarPosition.set(0, Math.cos(step / 10)) // metres
    fields.avatarPosition.set(2, Math.sin(step / 10))
  })
  await setTimeout(20)
}
