"""Many trainings at once: on the processors of this machine, or on a dask cluster."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attendome.errors import SettingsError

if TYPE_CHECKING:
    from distributed import Client

_KILLS = 5
"""How often a process here may be killed at one job until the job counts as failed."""

_PATIENCE = 10
"""Seconds without an answer, until a scheduler counts as not there."""

_SELDOM = {
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing-interval": "1s",
    "distributed.worker.memory.monitor-interval": "10s",
    "distributed.worker.profile.enabled": False,
}
"""Dask looks after itself up to a hundred times a second, which takes a tenth of each processor.
Trainings take minutes."""


@contextmanager
def workers(count: int, scheduler: str | None = None) -> Iterator["Client"]:
    """Connect to a dask scheduler, or start processes here.

    A worker that is killed is replaced, and what it was at is done again elsewhere.

    Args:
        count: number of processes, where no scheduler is given.
        scheduler: the address of a dask scheduler.

    Raises:
        SettingsError: no scheduler answers at the address.
    """
    import dask
    from distributed import Client, LocalCluster

    settings = {
        "distributed.scheduler.allowed-failures": _KILLS,
        "distributed.comm.timeouts.connect": _PATIENCE,
        "distributed.worker.daemon": False,  # training on several devices starts processes
    }
    with dask.config.set(settings | _SELDOM):
        if scheduler is None:
            with (
                LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    memory_limit=None,
                    dashboard_address="127.0.0.1:0",  # any port that is free
                    silence_logs=logging.CRITICAL,
                    security=True,  # others on this machine could send it work
                ) as cluster,
                Client(cluster) as client,
            ):
                yield client
            return
        try:
            client = Client(scheduler, timeout=_PATIENCE)
        except (OSError, ValueError, TypeError) as error:
            raise SettingsError(
                f"No dask scheduler answers at '{scheduler}' ({error}); give its address, such as "
                "tcp://node1:8786."
            ) from error
        with client:
            yield client


def run_all(
    client: "Client",
    work: Callable[[Any], dict[str, Any]],
    jobs: Sequence[Any],
) -> Iterator[tuple[Any, dict[str, Any] | BaseException]]:
    """Do all jobs, and give each with its result, or with the error that ended it, as they end.

    Where a machine has several GPUs, each process there uses one of its own.

    Args:
        client: what ``workers`` gave.
        work: what is done with a job; it and the job can be pickled.
        jobs: the jobs.
    """
    from distributed import as_completed

    futures = {client.submit(_on_own_gpu, work, job, pure=False): job for job in jobs}
    try:
        for future in as_completed(futures):
            error = future.exception()
            yield futures[future], future.result() if error is None else error
    finally:
        client.cancel(list(futures), force=True)


def _on_own_gpu(work: Callable[[Any], dict[str, Any]], job: Any) -> dict[str, Any]:  # noqa: ANN401
    import torch
    from distributed import get_worker

    name, gpus = get_worker().name, torch.cuda.device_count()
    if gpus > 1 and isinstance(name, int):  # those of a cluster have names of another kind
        torch.cuda.set_device(name % gpus)
    return work(job)
