import type { ProcedureDescriptor } from '@memlane/protocol'
import type { WireEncoding } from '../../config/route-config.js'
import { type WireForm, wireForm } from '../../message/wire-form.js'

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
    const form = { request: wireForm(request, encoding), answer: wireForm(answer, encoding) }
    this.#forms.set(encoding, form)
    return form
  }
}
