"""Prints its process id and that of a child, and sleeps: until it is stopped, or for good if told to be stubborn."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Path(sys.argv[1], "half.txt").write_text("half of the result")
child = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(f"waiting {os.getpid()} {child.pid}", flush=True)
try:
    time.sleep(60)
finally:
    child.kill()
    child.wait()
