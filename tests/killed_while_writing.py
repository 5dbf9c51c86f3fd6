"""Prepares data as the first step does, until the system kills it because a file grows past a limit.

Usage: `killed_while_writing.py BYTES INPUT TRAINING TEST`.
"""

import resource
import signal
import sys

from mnist_pipeline.mnist.data.prep import prepare_data


def main(limit: int, *folders: str) -> None:
    """Convert the data; the system kills this process when it writes more than `limit` bytes to a file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores this signal; by default it kills the process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    prepare_data(*folders)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
