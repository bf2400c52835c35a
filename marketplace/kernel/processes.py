"""Child processes that do not outlive their parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def ending_with_parent() -> Callable[[], None]:
    """A ``preexec_fn`` that asks Linux to interrupt the child when this process dies, even by ``kill -9``.

    It runs in the child between fork and exec, after the change of user; elsewhere than on Linux it does nothing.
    """
    parent = os.getpid()

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
            # The parent may have died before the request was made; then nobody would ever tell us.
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGINT)

    return ask
