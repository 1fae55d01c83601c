#!/usr/bin/env python3
"""The door: `up`, `test` and Django's own commands. On an empty machine it first makes `.venv`."""

import os
import shutil
import sys

NEEDED = (3, 11)


def main():
    """Find a Python that is new enough, then hand over. This file must parse on an old one."""
    if sys.version_info < NEEDED:
        for minor in range(20, NEEDED[1] - 1, -1):
            newer = shutil.which(f"python3.{minor}")
            if newer:
                os.execv(newer, [newer, os.path.abspath(__file__), *sys.argv[1:]])
        sys.exit(
            "Countermark needs Python 3.11 or newer, this one is"
            f" {sys.version_info[0]}.{sys.version_info[1]}. Install a newer Python and call it by"
            " its name, for example: python3.11 manage.py up"
        )
    from assurance import bootstrap

    sys.exit(bootstrap.main(sys.argv))


if __name__ == "__main__":
    main()
