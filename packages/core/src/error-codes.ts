/** What a stable error code means, and what to do about it. The table in `docs/troubleshooting.md` is made from these. */
export interface ErrorCodeMeaning {
  readonly meaning: string
  readonly remedy: string
}

/** The codes of this package. Each package declares its own. */
export const systemErrorCodes = {
  NOT_FOUND: {
    meaning: 'No process holds memory of that name.',
    remedy: 'Start the process that creates it first, or wait for it with `waitFor` or a `timeoutMs`.',
  },
  ALREADY_EXISTS: {
    meaning:
      'The name is taken: a process holds memory of that name, or the region or stream has a living writer, or another object has the name.',
    remedy: "Open the memory, choose another name, or pass `existing: 'join'` to write beside a living writer.",
  },
  ACCESS_DENIED: {
    meaning:
      'The system refuses access, or another user made the memory, or the name is a symbolic link, or the file system is read-only.',
    remedy:
      "Name an expected owner in `trustOwner`; give others access with `mode` or `securityDescriptor`; if you only read, use `access: 'read'`.",
  },
  PRIVILEGE_REQUIRED: {
    meaning:
      'Creating a `Global\\` name on Windows needs SeCreateGlobalPrivilege, which administrators and services have.',
    remedy: 'Use a `Local\\` name if all processes run in one login session, or run the creator with that privilege.',
  },
  INVALID_NAME: {
    meaning: 'The name has a character that is not allowed, or is empty or too long.',
    remedy: 'The message shows the character and its position, or the limit. Choose another name.',
  },
  INVALID_SECURITY_DESCRIPTOR: {
    meaning: 'Windows cannot read the SDDL text in `securityDescriptor`.',
    remedy: 'Correct the text. `ConvertStringSecurityDescriptorToSecurityDescriptor` documents the format.',
  },
  NOT_SHARED_MEMORY: {
    meaning:
      'The name, or one that memlane derives from it, belongs to something that is not shared memory, such as a folder, a pipe or an event.',
    remedy: 'Choose another name.',
  },
  NO_SPACE: {
    meaning:
      'The system has too little memory for the length, or no room for one more file, or a limit of the container or the process is too low.',
    remedy:
      'Ask for less, close other memory, or raise the limit that the message names. Docker gives `/dev/shm` 64 MB: start the container with `--shm-size`.',
  },
  TOO_SHORT: {
    meaning: 'The memory is shorter than the part that was asked for.',
    remedy: 'Compare the lengths, offsets or layouts that both sides use.',
  },
  TOO_LONG: {
    meaning: 'The memory is longer than an ArrayBuffer can be.',
    remedy: 'Map a part of it with `view: { offset, length }`.',
  },
  NOT_READY: {
    meaning:
      'A stopped process is still making a stream, or still removing the old memory of that name or its folder of bells and leases.',
    remedy: 'Let that process continue, or end it.',
  },
  IN_USE: {
    meaning: 'The memory is not persistent and is still open in a process, so it cannot be unlinked.',
    remedy: 'Close the handles. `SharedMemory.list()` shows the pids of the processes that hold them.',
  },
  TIMED_OUT: {
    meaning:
      'The time given in `timeoutMs` has passed. `cause` is the last error that made the call wait, if there is one.',
    remedy: 'Check that the other process runs and uses the same name, or allow more time.',
  },
  CLOSED: {
    meaning: 'This process has already closed the handle.',
    remedy: 'Open the memory again, or close the handle later.',
  },
  NOT_SUPPORTED: {
    meaning: 'This system or runtime cannot do it.',
    remedy: 'The message says what is missing.',
  },
  SYSTEM: {
    meaning: 'A system call failed in a way that has no code of its own.',
    remedy: 'See `syscall`, `osCode` and `cause` of the error.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeMeaning>>

export type SystemErrorCode = keyof typeof systemErrorCodes
