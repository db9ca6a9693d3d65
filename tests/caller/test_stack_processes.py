"""What a process of the stack has logged is read while it runs: whole lines, whatever it is in the middle of."""

import sys

from sandbox.stack.processes import Process


def test_a_line_is_read_once_it_is_whole(tmp_path):
    process = Process("worker", [sys.executable, "-c", "pass"], tmp_path / "worker.log", {}, tmp_path)
    assert process.log_text() == ""
    process.log.write_text('{"message": "call.started"}\n{"message": "call.tra')
    assert process.log_text() == '{"message": "call.started"}\n'
    process.log.write_text('{"message": "call.started"}\n{"message": "call.transfer"}\n')
    assert process.log_text().splitlines()[-1] == '{"message": "call.transfer"}'
