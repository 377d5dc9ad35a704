"""The first of the two processes, in Python: makes named memory, writes a message into it, waits for a key.

One byte or the end of standard input counts as the key. Afterwards Python removes the memory, unless --keep is given.
"""

import argparse
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

TERMINATOR = "\0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoding", default="utf-16-le", help="a Python codec (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the memory behind")
    parser.add_argument("name", nargs="?", default="MyFileMappingObject", help="without the leading slash")
    parser.add_argument("length", nargs="?", default=256, type=int, help="in bytes")
    parser.add_argument("message", nargs="?", default="Message from first process.")
    arguments = parser.parse_args()

    encoded = (arguments.message + TERMINATOR).encode(arguments.encoding)
    if len(encoded) > arguments.length:
        print("The message does not fit.", file=sys.stderr)
        return 1
    try:
        memory = SharedMemory(arguments.name, create=True, size=arguments.length)
    except OSError as error:
        print(f"Could not create file mapping object ({error.errno}).", file=sys.stderr)
        return 1

    memory.buf[: len(encoded)] = encoded
    print("Ready (created).", flush=True)
    sys.stdin.buffer.read(1)
    memory.close()
    if arguments.keep:
        resource_tracker.unregister(memory._name, "shared_memory")
    else:
        memory.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
