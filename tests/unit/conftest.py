"""What several tests of the shared code need."""

import pytest

from course_utils import checkpoints


@pytest.fixture(autouse=True)
def no_seed_from_outside(monkeypatch):
    monkeypatch.delenv("COURSE_SEED", raising=False)


@pytest.fixture
def stop_after_each_step(monkeypatch):
    """Call it, and from then on each run of a training keeps its state after one step and ends; it gives the steps."""

    def begin():
        keep, kept = checkpoints.Resumable.keep, []

        def keep_and_stop(self, arrays, counters):
            keep(self, arrays, counters)
            kept.append(counters["step"])
            self.stopped = True

        monkeypatch.setattr(checkpoints.Resumable, "due", True)
        monkeypatch.setattr(checkpoints.Resumable, "keep", keep_and_stop)
        return kept

    return begin
