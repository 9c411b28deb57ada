import os
import signal
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from attendome.errors import SettingsError
from attendome.workflows import scheduling
from attendome.workflows.scheduling import run_all, workers

# The sockets that dask's own scheduler leaves open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def client():
    with workers(2) as client:
        yield client


def outcomes(client, work, jobs):
    return dict(run_all(client, work, jobs))


def test_every_job_is_given_with_its_result(client):
    assert outcomes(client, lambda n: {"square": n * n}, [1, 2, 3]) == {
        n: {"square": n * n} for n in (1, 2, 3)
    }


def test_an_error_ends_its_own_job_only(client):
    def work(number):
        return {"ratio": 6 / number}

    found = outcomes(client, work, [0, 2, 3])
    assert isinstance(found.pop(0), ZeroDivisionError)
    assert found == {2: {"ratio": 3}, 3: {"ratio": 2}}


def test_the_job_of_a_killed_worker_is_done_by_another(client, tmp_path):
    marker = tmp_path / "was here"

    def work(number):
        if number == 1 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"process": os.getpid()}

    found = outcomes(client, work, [0, 1, 2, 3])
    assert marker.exists()
    assert all(isinstance(row, dict) for row in found.values())


@pytest.mark.parametrize(
    ("name", "gpus", "taken"), [(5, 4, [1]), (5, 1, []), (5, 0, []), ("tcp://node1:8786", 4, [])]
)
def test_a_process_uses_a_gpu_of_its_own(monkeypatch, name, gpus, taken):
    class Here:
        def submit(self, function, *given, pure):  # noqa: ARG002 - dask's form
            future = Future()
            future.set_result(function(*given))
            return future

        def cancel(self, *_, **__):
            pass

    chosen = []
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(name=name))
    monkeypatch.setattr("distributed.as_completed", iter)
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    monkeypatch.setattr("torch.cuda.set_device", chosen.append)
    assert outcomes(Here(), lambda job: {"job": job}, [1]) == {1: {"job": 1}}
    assert chosen == taken


def test_a_job_that_kills_every_worker_is_given_up(monkeypatch):
    monkeypatch.setattr(scheduling, "_KILLS", 1)

    def work(number):
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    with workers(1) as client:
        found = outcomes(client, work, [1])
    assert "KilledWorker" in type(found[1]).__name__


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:1"])
def test_no_scheduler_answers(address, monkeypatch):
    monkeypatch.setattr(scheduling, "_PATIENCE", 1)
    with pytest.raises(SettingsError, match="No dask scheduler answers"), workers(1, address):
        pass
