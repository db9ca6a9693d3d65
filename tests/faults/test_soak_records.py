"""The soak's last question: is there one whole record of every call that it has placed."""

from faults.soak import good, records_beside
from records.events import call_id_of
from records.shipping import ShipperThread
from records.spool import SpoolWriter

FINE = {"placed": 3, "lost": 0, "silent_over_5_seconds": 0}


def told(folder, number, room, *, replies=2, over=True):
    writer = SpoolWriter(folder, call_id_of(f"RM_{number}"), 0, 1_000_000)
    writer.append("begun", {"room": room})
    for turn in range(1, replies + 1):
        writer.append("heard", {"turn": turn})
        writer.append("replied", {"turn": turn, "reply_language": "en-IN"})
    if over:
        writer.append("ended", {"reason": "goodbye"})
    writer.close()


async def test_a_record_that_is_missing_double_or_not_whole_fails_the_soak(tmp_path):
    url, folder = f"sqlite+aiosqlite:///{tmp_path}/calls.db", tmp_path / "spool"
    told(folder, 1, "whole")
    told(folder, 2, "double")
    told(folder, 3, "double")
    told(folder, 4, "short", replies=1)
    told(folder, 5, "goes on", over=False)
    told(folder, 6, "never placed", replies=0)
    thread = ShipperThread(url, folder)
    thread.start()
    thread.stop(30)
    found = await records_beside({"whole": 2, "double": 2, "short": 2, "goes on": 2, "missing": 1}, url)
    assert found == {
        "records": 6, "records_missing": ["missing"], "records_double": ["double"],
        "records_of_no_call": ["never placed"], "records_not_whole": ["goes on", "short"],
    }  # fmt: skip
    assert not good(FINE | found)
    wrong = {name: bad for name, bad in found.items() if name != "records"}
    well = FINE | {name: [] for name in wrong}
    assert good(well)
    assert not any(good(well | {name: bad}) for name, bad in wrong.items())
