import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from mnist_pipeline.mnist.data.memory import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
for turn in range(21):
    if turn == 1:  # what the first takes, it takes anew in any case
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    [np.ones(1 << 21, np.uint8) for _ in range(4)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(memory):
    finished = subprocess.run([sys.executable, "-c", PROGRAM, memory], capture_output=True, text=True, check=True)
    return int(finished.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have their own ways")
def test_arrays_that_are_made_again_and_again_are_not_mapped_again():
    assert page_faults("kept") < page_faults("given back") / 10
