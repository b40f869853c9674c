"""One rank's process as its agent sees it: output, messages, what it took, how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO

import psutil
from pydantic import ValidationError

from ullage_trainer.channel import CHANNEL_VARIABLE, STACKS_VARIABLE, Message
from ullage_trainer.config import Failure

from .ending import explain
from .lines import LineBuffer, drain, shown
from .memory import oom_kills
from .stall import HALTED, RankLook

_STACK_BYTES = 65536
_KEPT_LINES = 10
_LOOKED_AT_LINES = 100
"""Among so many of the last lines those to be kept are looked for; the others are blank, as a rule."""
_LINE_CHARACTERS = 200
_LOOKED_AT_CHARACTERS = 2000
_MESSAGE_BYTES = 1 << 20


@dataclass
class RankProcess:
    """A running rank. Both pipes are read by the agent's loop."""

    slot: int
    rank: int | None
    process: subprocess.Popen[bytes]
    output: int
    channel: int
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    latest: Message = field(default_factory=Message)
    unprinted: list[str] = field(default_factory=list)
    failure: Failure | None = None
    exit_code: int | None = None
    cpu_ms: int = 0
    peak_memory_bytes: int = 0
    heard: float | None = None
    """When it last said something over the channel, by the monotonic clock."""
    halted: float | None = None
    """Since when somebody has had it stopped (SIGSTOP, a debugger), by the monotonic clock."""
    output_ended: bool = False
    """Whether nothing holds the other end of its output any more; a program may close it and go on."""
    channel_ended: bool = False
    oom_kills_before: int | None = None
    _stacks: IO[bytes] | None = None
    _output_buffer: LineBuffer = field(default_factory=LineBuffer)
    _channel_buffer: LineBuffer = field(default_factory=lambda: LineBuffer(_MESSAGE_BYTES))

    @classmethod
    def start(cls, slot: int, rank: int | None, environment: Mapping[str, str]) -> RankProcess:
        """Start a rank with two pipes of its own and nothing of the agent's."""
        output, output_write = os.pipe()
        channel, channel_write = os.pipe()
        for descriptor in (output, channel):
            os.set_blocking(descriptor, False)
        stacks = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the rank
        process = subprocess.Popen(
            [sys.executable, "-m", "ullage_trainer.task"],
            stdin=subprocess.DEVNULL,
            stdout=output_write,
            stderr=output_write,
            pass_fds=(channel_write, stacks.fileno()),
            env={
                **environment,
                CHANNEL_VARIABLE: str(channel_write),
                STACKS_VARIABLE: str(stacks.fileno()),
                "ULLAGE_AGENT_PID": str(os.getpid()),
            },
        )
        os.close(output_write)
        os.close(channel_write)
        return cls(slot, rank, process, output, channel, oom_kills_before=oom_kills(), _stacks=stacks)

    @property
    def running(self) -> bool:
        """Whether the process has not been seen to end."""
        return self.exit_code is None

    def read_output(self) -> list[str]:
        """Return new lines of standard output and error, and keep the last few."""
        data, self.output_ended = drain(self.output)
        lines = self._kept(self._output_buffer.feed(data))
        before, self.unprinted = self.unprinted, []
        return before + lines

    def read_channel(self) -> bool:
        """Take new messages; return whether there were any. A line that is no message is not the agent's business."""
        data, self.channel_ended = drain(self.channel)
        lines = self._channel_buffer.feed(data)
        if lines:
            self.heard = time.monotonic()
        for line in lines:
            try:
                message = Message.model_validate_json(line)
            except ValidationError:
                continue
            self.latest = self.latest.model_copy(
                update={name: getattr(message, name) for name in message.model_fields_set}
            )
        return bool(lines)

    def measure(self) -> None:
        """Read CPU time, memory and state while it runs."""
        try:
            process = psutil.Process(self.process.pid)
            times, memory, status = process.cpu_times(), process.memory_info().rss, str(process.status())
        except psutil.Error:
            return
        self.halted = None if status not in HALTED else self.halted or time.monotonic()
        self.cpu_ms = max(self.cpu_ms, round(1000 * (times.user + times.system)))
        self.peak_memory_bytes = max(self.peak_memory_bytes, memory)

    def reap(self) -> bool:
        """See whether it has ended; if so take the kernel's account of it and say how."""
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.exit_code = os.waitstatus_to_exitcode(status)
        self.process.returncode = self.exit_code
        self.cpu_ms = max(self.cpu_ms, round(1000 * (usage.ru_utime + usage.ru_stime)))
        self.peak_memory_bytes = max(self.peak_memory_bytes, usage.ru_maxrss * 1024)
        self.read_channel()
        self.unprinted += self.read_output() + self._unfinished_line()
        if self.exit_code != 0:
            self.failure = explain(
                self.exit_code,
                rank=self.rank,
                told=self.latest.failure,
                last_lines=list(self.last_lines),
                short_of_memory=self._memory_was_short(),
                peak_memory_bytes=self.peak_memory_bytes,
            )
        return True

    def close(self) -> None:
        """Close both pipes and the file of stacks."""
        os.close(self.output)
        os.close(self.channel)
        if self._stacks is not None:
            self._stacks.close()

    def ask_for_stacks(self) -> None:
        """Have the process write where its threads stand; one that is halted does not."""
        self.send_signal(signal.SIGUSR1)

    def look(self) -> RankLook:
        """Return what state the process is in, and the stacks that it has written."""
        try:
            status = str(psutil.Process(self.process.pid).status())
        except psutil.Error:
            status = "gone"
        stack = b"" if self._stacks is None else os.pread(self._stacks.fileno(), _STACK_BYTES, 0)
        return RankLook(self.rank, status, stack.decode(errors="replace"))

    def send_signal(self, number: signal.Signals) -> None:
        """Signal the process, if it has not been seen to end.

        Not by ``Popen.send_signal``, which would take the exit status of one that has ended by now: :meth:`reap` would
        wait for that for ever. Until it is reaped, nobody else has its number.
        """
        if self.exit_code is None:
            os.kill(self.process.pid, number)

    def _memory_was_short(self) -> bool:
        before, now = self.oom_kills_before, oom_kills()
        return before is not None and now is not None and now > before

    def _unfinished_line(self) -> list[str]:
        return self._kept(line for line in self._output_buffer.feed(b"\n") if line.strip())

    def _kept(self, lines: Iterable[bytes]) -> list[str]:
        """Return lines as text, and keep the last few as they may be shown."""
        texts = [line.decode(errors="replace").rstrip("\r") for line in lines]
        last = (shown(text[:_LOOKED_AT_CHARACTERS])[:_LINE_CHARACTERS] for text in texts[-_LOOKED_AT_LINES:])
        self.last_lines.extend(line for line in last if line.strip())
        return texts
