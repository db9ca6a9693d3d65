"""To tell a caller that lines are busy costs those who have one next to nothing."""

import json
import os
import subprocess
import sys

from worker.load.priority import BEHIND

STEP_BEHIND = """
import json, os, threading
from worker.load.priority import step_behind_calls
begun = threading.Event()
threading.Thread(target=begun.wait).start()  # LiveKit's threads run before the entrypoint does
step_behind_calls()
later = []
started = threading.Thread(target=lambda: later.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
started.start(), started.join()
print(json.dumps([os.getpriority(os.PRIO_PROCESS, int(each)) for each in os.listdir("/proc/self/task")] + later))
begun.set()
"""


def test_every_thread_of_it_steps_behind_those_it_has_and_those_it_will_start():
    code = [sys.executable, "-c", STEP_BEHIND]
    done = subprocess.run(code, capture_output=True, text=True, check=True, timeout=60, env=dict(os.environ))
    values = json.loads(done.stdout)
    assert len(values) >= 3
    assert set(values) == {BEHIND}
