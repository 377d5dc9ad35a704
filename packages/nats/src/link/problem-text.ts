import { errors } from '@nats-io/nats-core'

/** Says in one line why the server or the network has refused something, and what to do if that is known. */
export function problemText(error: unknown): string {
  if (error instanceof errors.UserAuthenticationExpiredError) {
    return 'the sign-in has expired: renew the file of credentials; the bridge reads it at each attempt'
  }
  if (error instanceof errors.AuthorizationError) {
    return 'the server refuses the sign-in: compare user, password, token, key or credentials with those of the server'
  }
  if (error instanceof errors.PermissionViolationError) {
    const action = error.operation === 'publish' ? 'publish to' : 'subscribe to'
    return `the server does not let this user ${action} "${error.subject}"`
  }
  if (error instanceof errors.TimeoutError) {
    return 'no answer in time; a server that demands a certificate of its clients looks like this, too'
  }
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? ''
}
