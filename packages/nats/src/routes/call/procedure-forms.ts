import type { PayloadDescriptor, ProcedureDescriptor } from '@memlane/protocol'
import type { WireEncoding } from '../../config/route-config.js'
import { projectedValue } from '../../message/projected-value.js'
import { type WireForm, wireForm } from '../../message/wire-form.js'

/** The requests and answers of a procedure in one encoding. */
export interface ProcedureForm {
  readonly request: WireForm
  readonly answer: WireForm
}

/** The requests and answers of a procedure on the wire, in each encoding. */
export class ProcedureForms {
  readonly #descriptor: ProcedureDescriptor
  readonly #forms = new Map<WireEncoding, ProcedureForm>()

  constructor(descriptor: ProcedureDescriptor) {
    this.#descriptor = descriptor
  }

  in(encoding: WireEncoding): ProcedureForm {
    const known = this.#forms.get(encoding)
    if (known !== undefined) return known
    const { request, answer } = this.#descriptor
    const form = { request: fittingForm(request, encoding), answer: fittingForm(answer, encoding) }
    this.#forms.set(encoding, form)
    return form
  }
}

/** The other side may have more fields. Raw bytes come only from a side that has the same. */
function fittingForm(descriptor: PayloadDescriptor, encoding: WireEncoding): WireForm {
  const form = wireForm(descriptor, encoding)
  if (encoding === 'raw') return form
  return { ...form, valueIn: (wire) => projectedValue(form.valueIn(wire), descriptor) }
}
