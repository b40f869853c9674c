"""Whatever happens in whatever order: what a job held is charged once, to the millisecond."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.stores import EmptyBooksUrl
from standing.scenes import KINDS, MINUTE, SECOND, START, UID, Scene, in_kind, named
from standing.test_keep import institution
from ullage_operator.standing import settle_orphan

Step = tuple[str, int]
_STEPS = st.one_of(
    st.tuples(
        st.sampled_from(["bind", "post", "end", "turn", "suspend", "resume", "restart", "withdraw", "grant"]),
        st.just(0),
    ),
    st.tuples(st.just("wait"), st.one_of(st.integers(1, 3 * SECOND), st.integers(1, 90 * MINUTE))),
)
_ALWAYS = named("always", in_kind(1000))


@dataclass
class _Life:
    """A job over its life. Books that refuse are turns that are not taken, and holds posted later than pods are bound.

    There is one line that comes and goes, and one that is always there to pay.
    """

    scene: Scene
    hours: int
    """What the line that comes and goes gives."""
    bound_ms: int | None = None
    """When a pod was bound whose hold is not posted yet."""
    workers: int = 0
    told_ms: int = 0
    """When it was told last that a worker had ended."""
    generation: int = 1

    def happen(self, step: str, ms: int) -> None:
        scene, now = self.scene, self.scene.now_ms
        match step:
            case "wait":
                scene.now_ms += ms
            case "turn":
                self._turn()
            case "bind" if self.bound_ms is None and scene.live == 0 and now >= self.told_ms:
                self.bound_ms = now - now % SECOND  # As the cluster tells it, in whole seconds.
            case "post" if self.bound_ms is not None:
                scene.now_ms, self.bound_ms, self.workers = self.bound_ms, None, self.workers + 1
                scene.open(f"w{self.workers}")
                scene.now_ms = now
            case "end" if scene.live:
                begun_ms = scene.hold(f"w{self.workers}").from_ms
                scene.now_ms = max(begun_ms, now - now % SECOND)
                scene.close(f"w{self.workers}")
                scene.now_ms, self.told_ms = now, now
            case "suspend" | "resume":
                scene.spec = {"runPolicy": {"suspend": step == "suspend"}}
            case "restart":
                scene.restart()
            case "withdraw" | "grant":
                self._declare(granted=step == "grant")

    def _turn(self) -> None:
        self.scene.live += self.bound_ms is not None
        verdict = self.scene.turn()[0]
        self.scene.live -= self.bound_ms is not None
        assert (verdict is None) == (self.bound_ms is not None)

    def _declare(self, *, granted: bool) -> None:
        self.generation += 1
        grant = in_kind(self.hours)
        grant["metadata"]["generation"] = self.generation
        self.scene.declare(institution("north"), _ALWAYS, *([grant] if granted else []))


@example(hours=3, offset=1, steps=[("bind", 0), ("post", 0), ("suspend", 0), ("turn", 0)], gone=False)
@settings(max_examples=40, deadline=None)
@given(
    hours=st.sampled_from([3, 1000]),
    offset=st.integers(0, 999),
    steps=st.lists(_STEPS, min_size=4, max_size=24),
    gone=st.booleans(),
)
def test_each_millisecond_that_a_job_held_is_charged_once(
    empty_books_url: EmptyBooksUrl, hours: int, offset: int, steps: list[Step], *, gone: bool
) -> None:
    with empty_books_url() as url:
        scene = Scene(url, [institution("north"), in_kind(hours), _ALWAYS], now_ms=START)
        scene.now_ms = START + offset
        life = _Life(scene, hours)
        for step, ms in [*steps, ("post", 0), ("wait", 1), ("turn", 0), ("end", 0)]:
            life.happen(step, ms)
        scene.status["phase"] = "Succeeded"
        for _ in range(3):
            scene.now_ms += SECOND
            if gone:
                assert settle_orphan(scene.ledger, UID, KINDS, scene.now_ms)
            else:
                scene.turn()
        found = [scene.line(), scene.line("always/gpu")]
        held_ms = sum(row.accelerator_ms for row in scene.ledger.usage(0, scene.now_ms + 1))
        assert [line["reserved"] for line in found] == [0, 0]
        assert sum(line["expended"] - line["reversed"] for line in found) == held_ms
        assert scene.ledger.verify() == []
        scene.close_books()
