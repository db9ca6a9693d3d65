"""`make demo FAULT=name`: every name is one that the stand-ins know, and help lists them all."""

import os
import subprocess
import sys

import pytest

from sandbox.control.scopes import parse_fault
from sandbox.stack.fault_menu import FAULTS, fault_help


@pytest.mark.parametrize("name", FAULTS)
def test_the_stand_ins_know_every_fault_of_the_menu(name):
    for fault in FAULTS[name].faults:
        assert parse_fault(fault).name == fault["fault"]


def test_help_lists_every_name():
    assert all(f"FAULT={name} " in fault_help() for name in FAULTS)


@pytest.mark.parametrize(("fault", "code", "shown"), [("help", 0, "FAULT=llm-hang"), ("lm-hang", 2, "FAULT=llm-hang")])
def test_help_is_good_and_a_wrong_name_is_a_bad_setting(fault, code, shown):
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo"],
        env={**os.environ, "FAULT": fault},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert shown in done.stdout + done.stderr
