"""What the supervisor does about deaths, on a clock of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from deploy.local import deaths
from deploy.local.deaths import DELAY_SECONDS_MAX, LOOP_DEATHS, STEADY_SECONDS, delay_seconds
from deploy.local.parts import Part
from deploy.local.supervisor import Supervisor
from deploy.local.trouble import Trouble


@dataclass
class Thing:
    """A part that lives and dies as it is told."""

    alive: bool = True
    launches: int = 0
    refuses: bool = False
    dies_at_once: bool = False

    def launch(self) -> None:
        if self.refuses:
            raise Trouble("its port is taken")
        self.launches += 1
        self.alive = not self.dies_at_once


@dataclass
class Scene:
    thing: Thing = field(default_factory=Thing)
    said: list[str] = field(default_factory=list)
    commands_run: bool = False
    now: float = 1_000.0

    def __post_init__(self) -> None:
        part = Part(
            "intake",
            Path("intake.log"),
            lambda: self.thing.alive,
            self.thing.launch,
            lambda: "its last words",
        )
        self.supervisor = Supervisor((part,), self.said.append, self.alone, self.keep)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        yield not self.commands_run

    def keep(self, records: object) -> None:
        assert records is self.supervisor.records

    def pass_seconds(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += 0.25
            self.supervisor.look(self.now)


def test_what_runs_is_left_alone() -> None:
    scene = Scene()
    scene.pass_seconds(100)
    assert scene.thing.launches == 0
    assert scene.said == []


def test_what_died_is_started_again_at_once_and_said() -> None:
    scene = Scene()
    scene.pass_seconds(1)
    scene.thing.alive = False
    scene.pass_seconds(0.25)
    assert scene.thing.launches == 1
    assert scene.said == ["intake died: its last words", "intake was started again"]
    assert scene.supervisor.records["intake"].deaths == 1


def test_nothing_is_started_while_a_command_starts_or_stops_the_desk() -> None:
    scene = Scene(commands_run=True)
    scene.thing.alive = False
    scene.pass_seconds(10)
    assert scene.thing.launches == 0


def test_a_crash_loop_is_tried_ever_more_rarely_and_named_in_one_line() -> None:
    scene = Scene(Thing(dies_at_once=True))
    scene.thing.alive = False
    scene.pass_seconds(300)
    assert 300 / DELAY_SECONDS_MAX <= scene.thing.launches <= 30
    loops = [line for line in scene.said if line.startswith("CRASH LOOP")]
    assert len(loops) == 1
    assert "intake" in loops[0]
    assert "its last words" in loops[0]
    assert scene.supervisor.records["intake"].looping


def test_a_loop_is_over_after_a_steady_life() -> None:
    scene = Scene(Thing(dies_at_once=True))
    scene.thing.alive = False
    scene.pass_seconds(60)
    scene.thing.dies_at_once = False
    scene.pass_seconds(DELAY_SECONDS_MAX + STEADY_SECONDS + 1)
    assert scene.said[-1] == "intake runs steadily again"
    assert not scene.supervisor.records["intake"].looping


def test_what_cannot_be_started_is_tried_again() -> None:
    scene = Scene(Thing(alive=False, refuses=True))
    scene.pass_seconds(60)
    assert "its port is taken" in scene.said[0]
    scene.thing.refuses = False
    scene.pass_seconds(DELAY_SECONDS_MAX + 1)
    assert scene.thing.alive


def test_deaths_far_apart_are_no_loop() -> None:
    scene = Scene()
    for _ in range(2 * LOOP_DEATHS):
        scene.pass_seconds(STEADY_SECONDS + 1)
        scene.thing.alive = False
    scene.pass_seconds(1)
    assert scene.thing.launches == 2 * LOOP_DEATHS
    assert not any("LOOP" in line for line in scene.said)


@given(st.integers(0, 10_000))
def test_delays_grow_and_are_bounded(in_a_row: int) -> None:
    assert 0 <= delay_seconds(in_a_row) <= delay_seconds(in_a_row + 1) <= DELAY_SECONDS_MAX


def test_what_is_kept_is_what_status_reads(tmp_path: Path) -> None:
    record = deaths.Record()
    record.died(5.0, "2026-03-02T09:00:00+00:00", "out of memory")
    deaths.keep(tmp_path, {"intake": record, "sla": deaths.Record()})
    assert deaths.told(tmp_path) == {
        "intake": {
            "deaths": 1,
            "in_a_row": 1,
            "died_at": "2026-03-02T09:00:00+00:00",
            "why": "out of memory",
            "looping": False,
        }
    }
