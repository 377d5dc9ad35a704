import type { Shape } from '../channel/shape.js'
import { slotPlaces } from '../slots/slots-layout.js'
import { QueueControl } from './queue-control.js'
import { type QueueFields, queueFields, wrongQueueField } from './queue-header.js'

/** The shape of a queue, for the code that is common to all channels. */
export const queueShape: Shape<QueueFields, QueueControl> = {
  id: 3,
  name: 'queue',
  fields: queueFields,
  problemOf: wrongQueueField,
  placesOf: slotPlaces,
  controlOf: (buffer, header) => new QueueControl(buffer, header),
}
