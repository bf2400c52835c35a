"""Which tests go to which process: those of one file together, for they share a database, and all that look at the demo to one.

The groups of ``pytest-xdist`` itself would say the same, but it writes them where pytest 9.2 no longer reads them.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Loading the demo takes longer than most files do altogether.
DEMO = (
    *("tests/browser/test_every_page.py", "tests/browser/test_main_job.py", "tests/browser/test_search_box.py"),
    *("tests/demo/test_evidence.py", "tests/demo/test_households.py", "tests/demo/test_replay.py"),
)
# What takes longest goes first, so that no process is left alone with it in the end.
FIRST = (*DEMO, "tests/test_run.py", "tests/orders/test_faults.py", "tests/api/test_contract.py")


class ByFile(LoadScopeScheduling):
    """One unit of work for each file of tests, and one for the demo."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "demo" if file in DEMO else file


def scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Hands units out in the order in which they were collected."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


def long_ones_first(items: list[pytest.Item]) -> None:
    """Put the tests in the order in which they are handed out; a demo looked at elsewhere would be loaded twice."""
    for item in items:
        if "demo" in getattr(item, "fixturenames", ()) and item.nodeid.partition("::")[0] not in DEMO:
            raise pytest.UsageError(f"{item.nodeid} looks at the demo: please name its file in {__name__}")
    items.sort(key=lambda item: _place(item.nodeid.partition("::")[0]))


def _place(file: str) -> int:
    return FIRST.index(file) if file in FIRST else len(FIRST)
