"""A dispatcher in a process of its own, to be killed: `python -m tests.delivery.dispatcher`.

Writes the id of each child that dispatches as a line; a child that ends or is killed is followed
by the next, until standard input is closed. Forking after Django is loaded makes a death cheap.
"""

from __future__ import annotations

import os
import select
import sys

import django


def main() -> None:
    django.setup()
    from assurance import clock
    from assurance.delivery import dispatch

    while not select.select([sys.stdin], [], [], 0.02)[0]:
        child = os.fork()
        if child == 0:
            dispatch.run(clock.now, budget=20)
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
