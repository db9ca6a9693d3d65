"""How functions-framework's server is set up: what it leaves to the environment, and to gunicorn's own defaults.

Its command is all that Cloud Functions runs, so what a deployment needs has to be said from inside, before the server
starts.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping

# As many as Cloud Run sends at once (`concurrency` in infra/): a request that is let in must not queue inside. Threads
# are made when needed, and only whole requests get one.
THREADS = 40


def prepare_server(environ: MutableMapping[str, str]) -> None:
    """Set threads, heartbeat and worker class, if functions-framework is about to start its server.

    Not for an application that is only built (tests, other servers): importing gunicorn would cost its start.
    """
    if "functions_framework._cli" not in sys.modules:
        return
    environ.setdefault("THREADS", str(THREADS))
    # functions-framework makes the request's timeout gunicorn's heartbeat as well, and that kills a healthy process
    # whose CPU was withdrawn between two requests. Every wait of ours has a limit of its own.
    environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"
    try:
        from gunicorn.config import WorkerClass
    except ImportError:  # where there is no gunicorn, functions-framework falls back to Flask's server
        return
    # functions-framework offers no choice of the worker class and sets none: so gunicorn's default is what it gets.
    WorkerClass.default = "join_token.whole_requests.WholeRequestWorker"
