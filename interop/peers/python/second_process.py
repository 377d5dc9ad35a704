"""The second of the two processes, in Python: opens named memory and prints the message found there."""

import argparse
import sys
import time
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

LOOK_INTERVAL = 0.005
SETTLE = 0.02


def attach(name: str) -> SharedMemory:
    """Opens memory that another program owns. By default Python would remove it at exit."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    memory = SharedMemory(name)
    resource_tracker.unregister(memory._name, "shared_memory")
    return memory


def attach_until(name: str, deadline: float) -> SharedMemory:
    while True:
        try:
            return attach(name)
        except (FileNotFoundError, ValueError):  # ValueError: the memory exists, but has no length yet
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOOK_INTERVAL)


def text_in(memory: SharedMemory, length: int, encoding: str) -> str:
    unit_length = len("x".encode(encoding))
    content = bytes(memory.buf[:length])
    units = [content[i : i + unit_length] for i in range(0, len(content) - unit_length + 1, unit_length)]
    terminator = bytes(unit_length)
    return b"".join(units[: units.index(terminator)] if terminator in units else units).decode(encoding)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoding", default="utf-16-le", help="a Python codec (default: %(default)s)")
    parser.add_argument("--wait", default=0, type=int, metavar="MS", help="wait so many milliseconds for memory and a message")
    parser.add_argument("name", nargs="?", default="MyFileMappingObject", help="without the leading slash")
    parser.add_argument("length", nargs="?", default=256, type=int, help="in bytes")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.wait / 1000

    try:
        memory = attach_until(arguments.name, deadline)
    except OSError as error:
        print(f"Could not open file mapping object ({error.errno}).", file=sys.stderr)
        return 1
    if memory.size < arguments.length:
        print("Could not map view of file (22).", file=sys.stderr)
        memory.close()
        return 1

    if arguments.wait > 0:
        while memory.buf[0] == 0 and time.monotonic() < deadline:
            time.sleep(LOOK_INTERVAL)
        time.sleep(SETTLE)
    sys.stdout.reconfigure(encoding="utf-8")
    print(text_in(memory, arguments.length, arguments.encoding))
    memory.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
