"""Run a stand-in by hand: `python -m tests.workspace_stand_in [FOLDER]`. Run the lines it prints in another shell."""

import contextlib
import json
import signal
import sys
import tempfile
from pathlib import Path

from . import running_azurite, running_stand_in


def main() -> None:
    """Write config.json to a folder, print the variables that lead clients here, and run until interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that Azurite ends too
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="stand-in-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with running_azurite() as azurite, running_stand_in(azurite, folder) as stand_in:
        (folder / "config.json").write_text(json.dumps(stand_in.config, indent=2) + "\n")
        print(f"cd {folder}", *(f"export {name}={value}" for name, value in stand_in.environment.items()), sep="\n")
        print("# running; press Ctrl-C to end", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
