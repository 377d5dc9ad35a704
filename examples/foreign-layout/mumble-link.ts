import { MUMBLE_LINK_NAME, MumbleLinkLinux, MumbleLinkWindows } from 'memlane/layouts'

/** Windows programs and Linux programs store text in different widths. */
export const MumbleLink = process.platform === 'win32' ? MumbleLinkWindows : MumbleLinkLinux

export const name = process.argv[2] ?? MUMBLE_LINK_NAME
