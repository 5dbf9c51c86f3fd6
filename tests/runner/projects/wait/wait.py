"""Prints its process id and that of a child, and sleeps until it is stopped.

If told to be stubborn, it only prints a line when it is asked to stop.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"asked to stop\n"))
Path(sys.argv[1], "half.txt").write_text("half of the result")
child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(f"waiting {os.getpid()} {child.pid}", flush=True)
try:
    time.sleep(600)
finally:
    child.kill()
    child.wait()
