"""An agent that is told to end before it has begun."""

import os
import signal
import subprocess
import sys


def test_an_agent_that_is_told_to_end_while_it_begins_ends_at_once_and_says_why_with_its_exit_code(tmp_path):
    # It waits for its document until somebody writes to the pipe.
    document = tmp_path / "document.json"
    os.mkfifo(document)
    told = [
        sys.executable,
        "-m",
        "ullage_trainer",
        "--document",
        document,
        "--index",
        "0",
        "--report",
        tmp_path / "report",
    ]
    with subprocess.Popen(told, stderr=subprocess.PIPE) as agent, document.open("w"):
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(30) == 128 + signal.SIGTERM
        assert agent.stderr.read() == b""


def test_what_is_imported_before_signals_are_caught_is_next_to_nothing():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, ullage_trainer; print(sum(name.startswith('ullage') for name in sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "1\n"
