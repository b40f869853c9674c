"""One rank's process as its agent sees it: output, messages, what it took, how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import psutil
from pydantic import ValidationError

from ullage_trainer.channel import CHANNEL_VARIABLE, STACKS_VARIABLE, Message
from ullage_trainer.config import Failure, Reason

from .memory import oom_kills
from .stall import RankLook

_READ_BYTES = 65536
_KEPT_LINES = 10
_LINE_CHARACTERS = 200


@dataclass
class LineBuffer:
    """Puts lines together from what a pipe gives."""

    rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are complete now."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        return lines


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
    oom_kills_before: int | None = None
    _stacks: IO[bytes] | None = None
    _output_buffer: LineBuffer = field(default_factory=LineBuffer)
    _channel_buffer: LineBuffer = field(default_factory=LineBuffer)

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
        lines = [line.decode(errors="replace").rstrip("\r") for line in self._output_buffer.feed(_drain(self.output))]
        self.last_lines.extend(line[:_LINE_CHARACTERS] for line in lines if line.strip())
        before, self.unprinted = self.unprinted, []
        return before + lines

    def read_channel(self) -> bool:
        """Take new messages; return whether there were any. A line that is no message is not the agent's business."""
        lines = self._channel_buffer.feed(_drain(self.channel))
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
        """Read CPU time and memory while it runs."""
        try:
            process = psutil.Process(self.process.pid)
            times, memory = process.cpu_times(), process.memory_info().rss
        except psutil.Error:
            return
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
            self.failure = self._explain()
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
        stack = b"" if self._stacks is None else os.pread(self._stacks.fileno(), _READ_BYTES, 0)
        return RankLook(self.rank, status, stack.decode(errors="replace"))

    def send_signal(self, number: signal.Signals) -> None:
        """Signal the process, if it still runs."""
        if self.exit_code is None:
            self.process.send_signal(number)

    def _memory_was_short(self) -> bool:
        before, now = self.oom_kills_before, oom_kills()
        return before is not None and now is not None and now > before

    def _unfinished_line(self) -> list[str]:
        lines = [line.decode(errors="replace") for line in self._output_buffer.feed(b"\n") if line.strip()]
        self.last_lines.extend(line[:_LINE_CHARACTERS] for line in lines)
        return lines

    def _explain(self) -> Failure:
        told = self.latest.failure
        lines = list(self.last_lines)
        if told is not None:
            quiet = told.reason in (Reason.STOPPED, Reason.PEER_FAILED)
            return told.model_copy(update={"rank": self.rank, "last_lines": [] if quiet else lines})
        code = self.exit_code or 0
        who = "the process" if self.rank is None else f"rank {self.rank}"
        if code < 0:
            name = signal.Signals(-code).name
            if name == "SIGKILL" and self._memory_was_short():
                return Failure(
                    reason=Reason.OUT_OF_MEMORY,
                    signal=name,
                    rank=self.rank,
                    message=f"{who} was ended by the kernel for want of memory, having held "
                    f"{self.peak_memory_bytes >> 20:,} MiB; raise workers.resources memory, or lower "
                    f"training.globalBatchSize",
                    last_lines=lines,
                )
            return Failure(
                reason=Reason.SIGNAL,
                signal=name,
                rank=self.rank,
                message=f"{who} was ended by {name}"
                + ("; was memory short? see the kernel's log" if name == "SIGKILL" else ""),
                last_lines=lines,
            )
        return Failure(
            reason=Reason.EXCEPTION, rank=self.rank, message=f"{who} exited with code {code}", last_lines=lines
        )


def _drain(descriptor: int) -> bytes:
    pieces = []
    while True:
        try:
            piece = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)
