"""Parts of the agent: the report's file, the lines of a pipe, NVML's readings, places of ranks."""

from types import SimpleNamespace

import pytest

from ullage_trainer.agent.accelerators import AcceleratorReading, AcceleratorSampler
from ullage_trainer.agent.reportfile import ReportFile
from ullage_trainer.distributed.rendezvous import RankPlace, places


def test_a_shorter_report_leaves_nothing_of_a_longer_one(tmp_path):
    path = tmp_path / "report"
    report = ReportFile(path, 10)
    report.write(b'{"a":"long"}')
    report.write(b"{}")
    assert path.read_bytes() == b"{}          "
    report.close()


def test_a_report_is_due_at_first_and_then_not_before_its_interval(tmp_path):
    report = ReportFile(tmp_path / "report", 3600)
    assert report.due()
    report.write(b"{}")
    assert not report.due()
    report.close()


def test_ranks_are_numbered_worker_by_worker():
    assert places(3, 2, 1) == [
        RankPlace(rank=2, size=6, local_rank=0, local_size=2, cross_rank=1, cross_size=3),
        RankPlace(rank=3, size=6, local_rank=1, local_size=2, cross_rank=1, cross_size=3),
    ]


def test_a_rank_finds_its_peers_through_the_rendezvous_alone():
    environment = places(2, 1, 1)[0].environment(
        worker=1, rendezvous_host="10.0.0.1", rendezvous_port=80, interface="eth0"
    )
    assert environment == {
        "HOROVOD_RANK": "1",
        "HOROVOD_SIZE": "2",
        "HOROVOD_LOCAL_RANK": "0",
        "HOROVOD_LOCAL_SIZE": "1",
        "HOROVOD_CROSS_RANK": "1",
        "HOROVOD_CROSS_SIZE": "2",
        "HOROVOD_HOSTNAME": "worker-1",
        "HOROVOD_GLOO_RENDEZVOUS_ADDR": "10.0.0.1",
        "HOROVOD_GLOO_RENDEZVOUS_PORT": "80",
        "HOROVOD_GLOO_IFACE": "eth0",
        "HOROVOD_CONTROLLER": "gloo",
        "HOROVOD_CPU_OPERATIONS": "gloo",
    }


class Nvml:
    """NVML with two devices; what a device does not tell raises, as in the library."""

    class NVMLError(Exception):
        pass

    def __init__(self, *, mig=False, metered=True):
        self.energy_mj = [1_000_000, 5_000_000]
        self.mig, self.metered = mig, metered

    def nvmlInit(self):  # noqa: N802 - NVML's name
        pass

    def nvmlDeviceGetCount(self):  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetTotalEnergyConsumption(self, device):  # noqa: N802
        if not self.metered:
            raise self.NVMLError
        return self.energy_mj[device]

    def nvmlDeviceGetUtilizationRates(self, device):  # noqa: N802
        if self.mig:
            raise self.NVMLError
        return SimpleNamespace(gpu=(50, 100)[device])


def sampled(nvml):
    sampler = AcceleratorSampler(nvml)
    sampler.sample(1000)
    sampler.sample(500)
    nvml.energy_mj = [1_250_000, 5_750_000]
    return sampler.reading()


@pytest.mark.parametrize(
    ("nvml", "reading"),
    [
        (Nvml(), AcceleratorReading(held_ms=3000, active_ms=2250, joules=1000)),
        (Nvml(mig=True), AcceleratorReading(held_ms=3000, active_ms=None, joules=1000)),
        (Nvml(metered=False), AcceleratorReading(held_ms=3000, active_ms=2250, joules=None)),
    ],
    ids=["all is known", "activity is unknown", "energy is unknown"],
)
def test_what_accelerators_did_is_summed_and_what_they_do_not_tell_is_null(nvml, reading):
    assert sampled(nvml) == reading
