"""What Pod Security leaves to us: what a pod may take, write, know and be made from."""

import re
from collections.abc import Iterator

from infra.policy.kubernetes import Manifest, containers, pod, security_context, variables
from infra.policy.rule import object_rule, pod_rule

_SECRET_NAME = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|AUTH|CREDENTIALS?|(API|ACCESS|PRIVATE)_?KEY)$", re.I
)
READABLE_SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\w://[^\s/:@]*:[^\s/@]+@")
"""A private key, or a password in a URL."""

_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_IMAGE_KEYS = ("image", "imageName")
"""Where the operators' resources name theirs."""

_NEEDED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))


def _images(manifest: Manifest) -> Iterator[str]:
    """The images of an object's pods, those of pods that an operator makes included."""
    if found := pod(manifest):
        yield from (container["image"] for container in containers(found["spec"]))
    elif "." in manifest.get("apiVersion", "").partition("/")[0]:
        spec = manifest.get("spec") or {}
        yield from (spec[key] for key in _IMAGE_KEYS if isinstance(spec.get(key), str))


@object_rule("images-by-digest")
def images_by_digest(manifest: Manifest) -> Iterator[str]:
    """Name the image by digest, name@sha256:…: a tag can be moved after the tests."""
    yield from (f"image {image}" for image in _images(manifest) if not _DIGEST.fullmatch(image))


@object_rule("images-of-a-version")
def images_of_a_version(manifest: Manifest) -> Iterator[str]:
    """Give the image a tag or digest, and not `latest`: it says what runs."""
    for image in _images(manifest):
        _, colon, tag = image.rpartition("/")[2].partition(":")
        if not colon or tag == "latest":
            yield f"image {image}"


@pod_rule("resources-are-bounded")
def resources_are_bounded(spec: Manifest) -> Iterator[str]:
    """Set requests for CPU and memory and a limit on memory; infra.pods.resources does."""
    for container in containers(spec):
        resources = container.get("resources") or {}
        for kind, name in _NEEDED:
            if name not in (resources.get(kind) or {}):
                yield f"container {container['name']}: no resources.{kind}.{name}"


@pod_rule("read-only-root")
def read_only_root(spec: Manifest) -> Iterator[str]:
    """Set readOnlyRootFilesystem: true, and give an emptyDir for what must be written."""
    for container in containers(spec):
        if security_context(container).get("readOnlyRootFilesystem") is not True:
            yield f"container {container['name']}: readOnlyRootFilesystem is not true"


@pod_rule("no-api-token")
def no_api_token(spec: Manifest) -> Iterator[str]:
    """Set automountServiceAccountToken: false: the pod has nothing to ask the API server."""
    if spec.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"


@pod_rule("no-plain-secret-in-a-pod")
def no_plain_secret_in_a_pod(spec: Manifest) -> Iterator[str]:
    """Put the value into a Secret, and refer to it by secretKeyRef or a volume."""
    for name, variable in variables(spec):
        value = variable.get("value") or ""
        if value and (_SECRET_NAME.search(variable["name"]) or READABLE_SECRET.search(value)):
            yield f"container {name}: {variable['name']} has a value of its own"
    for container in containers(spec):
        for key in ("command", "args"):
            if any(READABLE_SECRET.search(word) for word in container.get(key) or ()):
                yield f"container {container['name']}: a secret in {key}"
