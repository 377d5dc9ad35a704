/**
 * How a bridge waits for local calls and answers. What spinning could save is little beside the network, and it takes the CPU from the
 * programs that the bridge waits for.
 */
export const WAIT_STRATEGY = 'park'
