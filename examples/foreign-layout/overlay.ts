// Reads what any game writes for Mumble.
import { setTimeout } from 'node:timers/promises'
import { openRegion } from 'memlane'
import { MumbleLink, name } from './mumble-link.js'

using link = await openRegion(name, MumbleLink)
while (link.view.uiTick === 0) await setTimeout(10) // the game has not updated it yet
const { name: game, avatarPosition } = link.snapshot() ?? link.read()
const [x = 0, , z = 0] = avatarPosition
console.log(`${game}: ${Math.hypot(x, z).toFixed(1)} m from the centre`)
