"""No shelf outlives its test: its thread would log into the tests behind it."""

import pytest

from worker.recording import shelf


@pytest.fixture(autouse=True)
def ended_shelves(monkeypatch):
    """End the threads whose store never came back."""
    made = []
    begin = shelf.Shelf.__init__

    def noted(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(shelf.Shelf, "__init__", noted)
    yield
    monkeypatch.setattr(shelf, "ERASING_SECONDS", 0.0)
    for each in made:
        each.erase()
        each._thread.join(30)
        assert not each._thread.is_alive(), f"a thread still keeps {each.url}"
