"""Reads an operator's published manifest and adapts it: our images, never pulled twice, a priority and a namespace."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: `=` and dates are strings (YAML 1.1 gives both a type of their own)."""


for _tag in ("value", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", yaml.CSafeLoader.construct_yaml_str)  # type: ignore[type-var]  # the stubs know no C


def read_manifests(path: Path) -> list[Manifest]:
    """Every object of the YAML file at `path`; raises OSError or yaml.YAMLError."""
    with path.open(encoding="utf-8") as text:
        return [document for document in yaml.load_all(text, Loader=_Loader) if document]


def adapt_workload(manifest: Manifest, images: Mapping[str, str], priority_class: str) -> Manifest:
    """A Deployment with its images replaced and its pods in `priority_class`; anything else as it is.

    In: `images`, from a name of a published image without its tag (the end of its path, such as `cloudnative-pg`) to
    the whole replacement. An image also stands in arguments (`--prometheus-config-reloader=...`) and variables
    (`OPERATOR_IMAGE_NAME`), because operators start pods themselves. Raises KeyError for an image without replacement.
    """
    if manifest["kind"] != "Deployment":
        return manifest
    pod = manifest["spec"]["template"]["spec"]
    pod["priorityClassName"] = priority_class
    for container in pod["containers"]:
        container["image"] = images[_base_name(container["image"])]
        container["imagePullPolicy"] = "IfNotPresent"
        container["args"] = [_replace_option(argument, images) for argument in container.get("args", [])]
        for variable in container.get("env", []):
            if variable["name"].endswith("_IMAGE_NAME"):
                variable["value"] = images[_base_name(variable["value"])]
    return manifest


def move_namespace(manifest: Manifest, source: str, target: str) -> Manifest:
    """The object in namespace `target` if it was in `source`, and role bindings' subjects with it."""
    for holder in (manifest["metadata"], *manifest.get("subjects", [])):
        if holder.get("namespace") == source:
            holder["namespace"] = target
    return manifest


def in_order(manifests: list[Manifest]) -> Iterator[list[Manifest]]:
    """The objects in three groups, each of which needs the ones before: namespaces; all else; workloads.

    Services stand with the workloads: Pulumi waits for a Service's endpoints, and those come from the workload.
    """
    last = {"Deployment", "Service"}
    yield [each for each in manifests if each["kind"] == "Namespace"]
    yield [each for each in manifests if each["kind"] not in last | {"Namespace"}]
    yield [each for each in manifests if each["kind"] in last]


def _base_name(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0]


def _replace_option(argument: str, images: Mapping[str, str]) -> str:
    option, _, value = argument.partition("=")
    return f"{option}={images[_base_name(value)]}" if _base_name(value) in images else argument
