"""A store of images: buildah's, in a folder of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.console import capture, run_logged
from local.images.catalogue import DAY, Image, base_reference, context_files, epoch
from local.images.layout import Layout
from local.paths import IMAGES

CA_BUNDLE = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"
SECONDS = {"identity": 60, "postgres": 60, "nginx": 20, "redis": 15, "pushgateway": 15}


@dataclass(frozen=True)
class Store:
    """One store.

    Attributes:
        folder: where its images, and the contexts of builds under way, are.
        label: what progress lines begin with.
    """

    folder: Path
    label: str = "images"

    def buildah(self, *words: str) -> str:
        """Run buildah on this store and return what it printed.

        Raises:
            UserError: it failed.
        """
        return capture([*self._command(), *words])

    def names(self) -> set[str]:
        """Return the full names of its images; none where there is no store yet."""
        result = subprocess.run(
            [*self._command(), "images", "--format", "{{.Name}}:{{.Tag}}"], capture_output=True, text=True, check=False
        )
        return set(result.stdout.split())

    def build(self, name: str, containerfile: Path, context: Path, key: str) -> None:
        """Build an image; the same input has the same digest, whatever the time of day.

        Args:
            name: its full name.
            containerfile: its recipe.
            context: the folder that the recipe copies from.
            key: what the progress lines and the log call it.

        Raises:
            UserError: the build failed.
        """
        run_logged(
            [
                *self._command(),
                "bud",
                "--isolation=chroot",
                "--layers",
                "--format=oci",  # Docker's names the container that it was built in, at random
                f"--timestamp={epoch(DAY)}",
                f"--secret=id=ca-bundle,src={CA_BUNDLE}",
                f"--build-arg=BASE={base_reference()}",
                f"--build-arg=SOURCE_DATE_EPOCH={epoch(DAY)}",
                f"--file={containerfile}",
                f"--tag={name}",
                str(context),
            ],
            f"{self.label}: {key}",
            log=f"image-{key}.log",
            estimate=SECONDS.get(key),
            hint="Debian's and Python's package registries must be reachable.",
        )

    def layout(self, name: str, folder: Path) -> Layout:
        """Write an image as an OCI layout, its layers compressed as a registry gets them.

        Raises:
            UserError: the store has no such image.
        """
        shutil.rmtree(folder, ignore_errors=True)
        self.buildah("push", "--quiet", name, f"oci:{folder}")
        return Layout(folder)

    @contextmanager
    def mounted(self, name: str) -> Iterator[Path]:
        """Give an image's files as a folder, to be read.

        Raises:
            UserError: the store has no such image, or this user may not mount.
        """
        container = self.buildah("from", "--pull-never", name).strip()
        try:
            yield Path(self.buildah("mount", container).strip())
        finally:
            self.buildah("rm", container)

    def context(self, image: Image) -> Path:
        """Make an image's build context: hard links, so that large programs are not copied."""
        folder = self.empty_context(image.name)
        for place, source in context_files(image):
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source.resolve(), target)
            except OSError:  # another filesystem
                shutil.copyfile(source, target)
            if not image.source:
                target.chmod(0o755)
        for place, destination in image.links:
            (folder / place).symlink_to(destination)
        return folder

    def empty_context(self, key: str) -> Path:
        """Make an empty folder for a build context."""
        folder = self.folder / f"context-{key}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _command(self) -> tuple[str, ...]:
        return (
            "buildah",
            f"--root={self.folder / 'storage'}",
            f"--runroot={self.folder / 'run'}",
            "--storage-driver=overlay",
        )


HERE = Store(IMAGES)
"""The store that `make up` deploys from."""
