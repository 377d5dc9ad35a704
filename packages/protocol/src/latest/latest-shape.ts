import type { Shape } from '../channel/shape.js'
import { LatestControl } from './latest-control.js'
import { type LatestFields, latestFields } from './latest-header.js'
import { placesOf, wrongFields } from './latest-layout.js'

/** The shape of a latest, for the code that is common to all channels. */
export const latestShape: Shape<LatestFields, LatestControl> = {
  id: 2,
  name: 'latest',
  fields: latestFields,
  problemOf: wrongFields,
  placesOf,
  controlOf: (buffer, header, inOrder) => new LatestControl(buffer, header, inOrder),
}
