/** Debian's Chromium. */
export const CHROMIUM = '/usr/lib/chromium/chromium'
