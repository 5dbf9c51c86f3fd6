"""Prepare data as the first step does, and be killed by the system at the first byte of a file past a limit.

Usage: `killed_while_writing.py BYTES INPUT TRAINING TEST`.
"""

import resource
import signal
import sys

from mnist_pipeline.mnist.data.prep import prepare_data


def main(limit: int, *folders: str) -> None:
    """Convert as long as no file is larger than `limit`."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it; by default it ends a process at once
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    prepare_data(*folders)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
