"""The leash: no child outlives the one who started it. Standard library only.

Imported, it is a view of the machine's processes. Run as a script it has three uses:

    leash.py launch PARENT SIGNAL UID COMMAND...   become COMMAND, and get SIGNAL when PARENT dies
    leash.py watch                                 read a list of processes; end them at its end
    leash.py reach UID PATH...                     exit 0 when that user can open every PATH

Two leashes hold each child, because each has a gap. The kernel's death signal exists on Linux
only and reaches no grandchildren; the watchdog's pipe works everywhere but needs the watchdog.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
LINUX = sys.platform == "linux"
# How long the watchdog waits for a polite end before it kills.
GRACE = 8.0


@dataclass(frozen=True)
class Seen:
    """A live process: `started` tells it from a later one that got the same number."""

    pid: int
    parent: int
    group: int
    started: str


def processes() -> dict[int, Seen]:
    """Every live process by its number; zombies are dead."""
    if not LINUX:
        return _processes_by_ps()
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (seen := look(int(name))):
            found[seen.pid] = seen
    return found


def look(pid: int) -> Seen | None:
    """One live process, or None."""
    if not LINUX:
        return _processes_by_ps(pid).get(pid)
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[0] in (b"Z", b"X"):
        return None
    return Seen(pid, int(fields[1]), int(fields[2]), fields[19].decode())


def _processes_by_ps(pid: int | None = None) -> dict[int, Seen]:
    which = ["-ax"] if pid is None else ["-p", str(pid)]
    command = ["ps", *which, "-o", "pid=,ppid=,pgid=,stat=,lstart="]
    found = {}
    for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines():
        number, parent, group, state, started = line.split(None, 4)
        if not state.startswith("Z"):
            found[int(number)] = Seen(int(number), int(parent), int(group), started)
    return found


def family(leader: int, started: str) -> list[int]:
    """The live members of a process we started: its group and all descendants, itself included.

    Works after the leader's death too, since a group keeps its number as long as it has members.
    """
    table = processes()
    itself = table.get(leader)
    if itself and itself.started != started:
        return []  # the number belongs to a stranger now, so our group is gone
    members = {leader} | {seen.pid for seen in table.values() if seen.group == leader}
    grown = True
    while grown:
        more = {seen.pid for seen in table.values() if seen.parent in members} - members
        members |= more
        grown = bool(more)
    return [pid for pid in members if pid in table]


def working_in(folder: os.PathLike[str]) -> list[Seen]:
    """The processes whose working folder this is; servers step into their data folder."""
    wanted = os.path.realpath(folder)
    if not LINUX:
        command = ["lsof", "-a", "-d", "cwd", "-t", wanted]
        numbers = subprocess.run(command, capture_output=True, text=True).stdout.split()
        return [seen for number in numbers if (seen := look(int(number)))]
    found = []
    for seen in processes().values():
        try:
            if os.readlink(f"/proc/{seen.pid}/cwd") == wanted:
                found.append(seen)
        except OSError:
            continue
    return found


def send(pid: int, number: int) -> None:
    """Signal a process that may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def end(leaders: list[tuple[int, str, int]], grace: float = GRACE) -> None:
    """End processes with all their descendants: ask with each one's own signal, wait, kill."""
    for pid, started, number in leaders:
        seen = look(pid)
        if seen and seen.started == started:
            send(pid, number)
    deadline = time.monotonic() + grace
    while any(family(pid, started) for pid, started, _ in leaders):
        if time.monotonic() > deadline:
            for pid, started, _ in leaders:
                for member in family(pid, started):
                    send(member, signal.SIGKILL)
        time.sleep(0.05)


def watch() -> None:
    """Read `add PID SIGNAL STARTED` and `drop PID`; `done` means that nothing is left to do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it must outlive the one it watches
    leaders: dict[int, tuple[int, str, int]] = {}
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "done":
            return
        if word == "add":
            pid, stop, started = rest.split(" ", 2)
            leaders[int(pid)] = (int(pid), started, int(stop))
        elif word == "drop":
            leaders.pop(int(rest), None)
    end(list(leaders.values()))


def become(uid: int) -> None:
    """Give up root for good: no supplementary groups, then the group, then the user."""
    os.setgroups([])
    os.setgid(pwd.getpwuid(uid).pw_gid)
    os.setuid(uid)


def launch(parent: int, number: int, uid: int, command: list[str]) -> None:
    """Replace this process by COMMAND. PARENT 0 means: no death signal; UID -1: stay who we are."""
    library = ctypes.CDLL(None, use_errno=True) if LINUX and parent else None
    if uid >= 0:
        become(uid)
    if library:
        # After the change of user, which would have cleared it again.
        library.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("The process that started this one is gone.")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}.")


def main(arguments: list[str]) -> None:
    """Dispatch of the three uses."""
    use, *rest = arguments
    if use == "launch":
        launch(int(rest[0]), int(rest[1]), int(rest[2]), rest[3:])
    elif use == "watch":
        watch()
    elif use == "reach":
        become(int(rest[0]))
        wanted = [(path, os.X_OK if os.path.isdir(path) else os.R_OK) for path in rest[1:]]
        sys.exit(0 if all(os.access(path, mode) for path, mode in wanted) else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
