"""Share the work among machines: a queue in PostgreSQL, a planner that fills it, workers that empty it.

The only door to PgQueuer. The jobs are those of the embedded service; they do not know who hands them out.
"""

from monitor.workers.crew import Crew, open_crew, serve_worker, worker
from monitor.workers.jobs import KINDS, Job
from monitor.workers.queue import JobQueue, Parked, QueueState, open_queue

__all__ = [
    "KINDS",
    "Crew",
    "Job",
    "JobQueue",
    "Parked",
    "QueueState",
    "open_crew",
    "open_queue",
    "serve_worker",
    "worker",
]
