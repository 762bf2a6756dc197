"""Work in a forked process, with a limit on its time; see mutate.py."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import tempfile
import time


def forked(work, seconds=None, quiet=True):
    """Run `work()` in a process of its own: ("done", its result), ("time", None) or ("crash", reason).

    The result comes back as JSON: sets and tuples as lists, keys as text.
    """
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if child == 0:
            _work_in_child(work, answer, seconds, quiet)
        patience = 1e7 if seconds is None else 3 * seconds + 60  # a loop that waits takes no processor time
        waited, now = 0.0, time.monotonic()
        try:
            while True:
                ended, status = os.waitpid(child, 0 if seconds is None else os.WNOHANG)
                if ended:
                    break
                time.sleep(0.01)
                before, now = now, time.monotonic()
                waited += min(now - before, 1.0)  # while both were stopped, no time passed
                if waited > patience:
                    os.kill(child, signal.SIGXCPU)
                    waited = -1e9
        except BaseException:
            os.kill(child, signal.SIGKILL)
            raise
        if os.WIFSIGNALED(status):
            late = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            return ("time", None) if late else ("crash", signal.Signals(os.WTERMSIG(status)).name)
        answer.seek(0)
        try:
            return json.load(answer)
        except ValueError:  # something in it ended the process, past what ends it here
            return "crash", "it ended without an answer"


def _work_in_child(work, answer, seconds, quiet):
    try:
        if quiet:
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
        if seconds is not None:
            whole = math.ceil(seconds)
            resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 9))
            resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))
        result = "done", work()
    except BaseException as problem:  # also SystemExit: nothing may leave this process but through here
        result = "crash", f"{type(problem).__name__}: {problem}"
    try:
        answer.write(json.dumps(result, default=list).encode())
        answer.flush()
    finally:
        sys.stdout.flush()
        os._exit(0)
