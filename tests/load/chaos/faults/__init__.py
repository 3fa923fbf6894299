"""Every fault by its name, in the order of a whole run: what pages for long after comes last."""

from chaos.fault import Fault
from chaos.faults.clock import StepClock
from chaos.faults.database import DrainPrimary, KillPrimary
from chaos.faults.network import PartitionDatabase
from chaos.faults.node import RestartNode
from chaos.faults.pods import KillNginx, KillPod
from chaos.faults.redis import StopRedis
from chaos.faults.restore import DropTable
from chaos.faults.rotation import Rotate
from chaos.faults.versions import FailingUpdate, RollingUpdate
from chaos.faults.volume import FillVolume

_ALL = (
    KillPod,
    KillNginx,
    StepClock,
    RollingUpdate,
    FailingUpdate,
    Rotate,
    DrainPrimary,
    KillPrimary,
    DropTable,
    StopRedis,
    PartitionDatabase,
    FillVolume,
    RestartNode,
)
FAULTS: dict[str, type[Fault]] = {fault.name: fault for fault in _ALL}
