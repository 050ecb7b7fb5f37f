"""Which jobs are shown as failing, and when a database that takes nothing is told past the outbox."""

from __future__ import annotations

from monitor.domain import AlertKind
from monitor.errors import SourceUnavailable, StoreBusy
from monitor.jobs.ailing import SHOWN_AFTER_S, TOLD_AFTER_S, Ailments
from monitor.testing import NOW

BUSY = StoreBusy(why="another job has been writing for too long")


def test_a_job_is_shown_once_it_goes_on_failing_and_until_it_goes_well():
    ailments = Ailments()
    ailments.failed("poll", BUSY, 0.0)
    assert ailments.lasting(SHOWN_AFTER_S - 1) == ()
    ailments.failed("poll", BUSY, SHOWN_AFTER_S - 1)
    (said,) = ailments.lasting(SHOWN_AFTER_S)
    assert said.startswith("the poll job fails: ")
    assert "too long" in said
    ailments.went_well("poll")
    assert ailments.lasting(1000.0) == ()
    ailments.failed("poll", BUSY, 1000.0)
    assert ailments.lasting(1001.0) == (), "it counts from the first in a row"


def test_a_database_that_takes_nothing_is_told_once_and_once_that_it_is_over():
    ailments = Ailments()
    ailments.failed("poll", BUSY, 5.0)
    assert ailments.news(TOLD_AFTER_S, NOW) is None
    ailments.failed("deliver", BUSY, 20.0)
    word = ailments.news(5.0 + TOLD_AFTER_S, NOW)
    assert word is not None
    assert (word.kind, "too long" in str(word.payload["why"])) == (AlertKind.STORE_FAILING, True)
    assert ailments.news(1000.0, NOW) is None
    ailments.went_well("poll")
    assert ailments.news(1001.0, NOW, is_mended=True) is None, "one job is still ill"
    assert ailments.of_store() == ("deliver",)
    ailments.went_well("deliver")
    assert ailments.news(1002.0, NOW) is None, "it may only have had nothing to write"
    over = ailments.news(1003.0, NOW, is_mended=True)
    assert over is not None
    assert over.kind is AlertKind.STORE_BACK
    assert ailments.news(1004.0, NOW, is_mended=True) is None


def test_what_the_service_before_had_told_is_not_told_again_and_comes_to_its_end():
    ailments = Ailments(is_told=True)
    ailments.failed("poll", BUSY, 0.0)
    assert ailments.news(2 * TOLD_AFTER_S, NOW) is None
    ailments.went_well("poll")
    over = ailments.news(100.0, NOW, is_mended=True)
    assert over is not None
    assert over.kind is AlertKind.STORE_BACK
    assert not ailments.is_told


def test_a_job_that_fails_for_another_reason_is_shown_and_not_told():
    ailments = Ailments()
    ailments.failed("stamp", SourceUnavailable("it does not answer"), 0.0)
    ailments.failed("assess", RuntimeError("a fault of ours"), 0.0)
    assert len(ailments.lasting(TOLD_AFTER_S)) == 2
    assert ailments.news(TOLD_AFTER_S, NOW) is None
