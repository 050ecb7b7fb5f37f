"""Write figures for Prometheus; pure, and the only door to its client. Nothing is counted by the library itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.ports import WorkerState
from monitor.web.health import Figures, Probe

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("ok", "quiet", "degraded", "auth", "blocked", "budget", "changed", "unchecked")


def metrics_of(probe: Probe, figures: Figures) -> bytes:
    """Write the probe and the figures in Prometheus' text form; labels hold names of sources and jobs only."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(tuple(_families(probe, figures))))
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, families: tuple[Metric, ...]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _families(probe: Probe, figures: Figures) -> Iterator[Metric]:
    up = GaugeMetricFamily("goodname_up", "1 while the service itself works.", labels=["version"])
    up.add_metric([probe.version], float(probe.status != "failing"))
    yield up
    state = GaugeMetricFamily("goodname_source_state", "1 for the state a source is in.", labels=["source", "state"])
    good = GaugeMetricFamily("goodname_source_last_good_seconds", "When it was last read well.", labels=["source"])
    due = GaugeMetricFamily("goodname_source_next_due_seconds", "When it is read next.", labels=["source"])
    for source in probe.sources:
        for one in STATES:
            state.add_metric([source.name, one], float(source.state == one))
        _add_moment(good, source.name, source.last_good_at)
        _add_moment(due, source.name, source.next_due_at)
    yield from (state, good, due)
    yield _by_word("goodname_job_idle_seconds", "Since a job last ended.", "job", probe.jobs_idle_s)
    yield GaugeMetricFamily(
        "goodname_oldest_due_seconds", "For how long the longest waiting source has been due.", value=probe.oldest_due_s
    )
    yield _queue(probe.queue)
    yield _by_word("goodname_alerts", "Alerts in the outbox.", "status", figures.alerts)
    yield _by_word("goodname_hits_unreviewed", "Mentions that wait for a person.", "level", figures.unreviewed)
    late = GaugeMetricFamily(
        "goodname_poll_lateness_seconds", "How long after it was due a poll began, of late.", labels=["quantile"]
    )
    late.add_metric(["0.5"], figures.lateness.p50_s)
    late.add_metric(["0.99"], figures.lateness.p99_s)
    yield late
    yield from _workers(probe.workers)
    yield GaugeMetricFamily("goodname_disk_free_bytes", "Room left for data.", value=figures.disk_free_bytes)


def _workers(workers: Sequence[WorkerState]) -> Iterator[GaugeMetricFamily]:
    yield _by_word(
        "goodname_worker_unseen_seconds",
        "Since a worker gave its last sign of life.",
        "worker",
        {one.name: one.unseen_s for one in workers},
    )
    longest = {one.name: max((job.for_s for job in one.doing), default=0.0) for one in workers}
    yield _by_word("goodname_worker_longest_job_seconds", "Its longest running job.", "worker", longest)
    jobs = GaugeMetricFamily("goodname_worker_jobs", "Jobs since it was started.", labels=["worker", "end"])
    for one in workers:
        jobs.add_metric([one.name, "done"], float(one.done))
        jobs.add_metric([one.name, "failed"], float(one.failed))
    yield jobs


def _queue(queue: Mapping[str, Mapping[str, int]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily("goodname_queue_jobs", "Shared jobs; parked ones failed.", labels=["state", "kind"])
    for state, kinds in queue.items():
        for kind, count in kinds.items():
            family.add_metric([state, kind], float(count))
    return family


def _add_moment(family: GaugeMetricFamily, source: str, moment: datetime | None) -> None:
    if moment is not None:
        family.add_metric([source], moment.timestamp())


def _by_word(name: str, words: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for word, value in values.items():
        family.add_metric([word], float(value))
    return family
