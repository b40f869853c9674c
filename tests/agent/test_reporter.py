"""What a rank tells its agent, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from ullage_trainer.channel import Message, Reporter
from ullage_trainer.config import Failure, Progress, Reason


@dataclass
class Heard:
    """A sink that keeps what it is sent."""

    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.messages.append(message)


def test_progress_that_comes_too_soon_is_told_if_it_was_the_last() -> None:
    heard = Heard()
    reporter = Reporter(heard, interval_seconds=3600)
    messages = [Message(progress=Progress(step=step), samples=512 * step) for step in (1, 2, 3)]
    asked: list[Message] = []

    def tell(message: Message) -> Message:
        asked.append(message)
        return message

    for message in messages:
        reporter.progress(partial(tell, message))
    stopped = Failure(reason=Reason.STOPPED, message="stopped on request")
    reporter.failure(stopped)
    assert heard.messages == [messages[0], messages[2], Message(failure=stopped)]
    assert asked == [messages[0], messages[2]]
