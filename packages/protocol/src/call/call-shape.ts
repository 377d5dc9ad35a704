import type { Shape } from '../channel/shape.js'
import { slotPlaces } from '../slots/slots-layout.js'
import { CallControl } from './call-control.js'
import { type CallFields, callFields, slotDimensions, wrongCallField } from './call-header.js'

/** The shape of calls, for the code that is common to all channels. */
export const callShape: Shape<CallFields, CallControl> = {
  id: 4,
  name: 'call',
  fields: callFields,
  problemOf: wrongCallField,
  placesOf: (fields, schemaLength) => slotPlaces(slotDimensions(fields), schemaLength),
  controlOf: (buffer, header) => new CallControl(buffer, header),
}
