"""The clients' clock is wrong."""

from chaos.fault import Fault
from chaos.scene import Scene


class StepClock(Fault):
    """A signature of the future is none: it could be kept, and used later."""

    name = "step-clock"
    what = "the signing clients' clock is ten minutes ahead for 30 s; their writes are refused with 401, and free"
    silent = "the clients' own mistake: a 401 is no error of the service (SLO), and of forged mints it has too few"
    seconds = 30

    def inject(self, scene: Scene) -> None:
        """Put it ahead."""
        scene.traffic.step_clock()

    def heal(self, scene: Scene) -> None:
        """Put it right."""
        scene.traffic.set_clock_right()
