import { uniqueName } from '@memlane/testing'
import { describe, expect, test } from 'vitest'
import { create, createWithoutGlobalPrivilege } from '../src/windows-programs.js'

const NOBODY = 'D:(D;;GA;;;WD)'

// Wine lets every process create Global\ names. So an object that admits no user makes the creation fail. Whether the error
// then blames the privilege depends only on the token of this process.
describe('creating a Global\\ name that is denied', () => {
  test('is PRIVILEGE_REQUIRED without SeCreateGlobalPrivilege, ACCESS_DENIED with it', async () => {
    const name = `Global\\${uniqueName('denied')}`
    using holder = create([name, NOBODY])
    await holder.line('created')
    const { stdout: denied } = await create([name]).exit
    expect(denied).toMatch(/^ACCESS_DENIED 5 .*securityDescriptor.*elevated process admits only administrators/)
    const { stdout: required } = await createWithoutGlobalPrivilege([name]).exit
    expect(required).toMatch(
      /^PRIVILEGE_REQUIRED 5 .*SeCreateGlobalPrivilege.*Run this process elevated, or use a Local\\ name/,
    )
    holder.end()
    await holder.exit
  })

  test('has nothing to do with the privilege where the name is Local\\', async () => {
    const name = `Local\\${uniqueName('denied')}`
    using holder = create([name, NOBODY])
    await holder.line('created')
    expect((await createWithoutGlobalPrivilege([name]).exit).stdout).toMatch(/^ACCESS_DENIED 5 /)
    holder.end()
    await holder.exit
  })
})
