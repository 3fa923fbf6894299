"""Every tool that is built: its pin, its packages, and how to recognise it on PATH.

Each `modules/` folder holds a go.mod and go.sum that were built and run together. Modules that agree on one version of
k8s.io/* share a folder, so that Go compiles those packages once (docs/decisions/0002-tools-from-go-modules.md).
"""

from dataclasses import dataclass

KUBERNETES = "1.34.2"
PULUMI = "3.255.0"
PULUMI_KUBERNETES = "4.25.0"
CLOUDNATIVE_PG = "1.27.0"
PROMETHEUS = "3.16.0"
PROMETHEUS_OPERATOR = "0.85.0"
ALERTMANAGER = "0.31.1"
COREDNS = "1.15.0"
ETCD = "3.6.4"
VERSITYGW = "v1.8.0"
SYFT = "1.57.1"

PROVIDER_PLUGIN = f"pulumi/plugins/resource-kubernetes-v{PULUMI_KUBERNETES}/pulumi-resource-kubernetes"


@dataclass(frozen=True)
class Binary:
    """One program.

    Attributes:
        name: the file's name.
        package: its Go import path.
        probe: arguments that print its version; empty where it cannot be taken from PATH.
        version: what the probe's output must contain for PATH's program to be used.
        path: where it is put, relative to the cache folder; default `bin/<name>`.
    """

    name: str
    package: str
    probe: tuple[str, ...] = ()
    version: str = ""
    path: str = ""

    @property
    def target(self) -> str:
        """The program's place relative to the cache folder."""
        return self.path or f"bin/{self.name}"


@dataclass(frozen=True)
class Build:
    """One `go build`.

    Attributes:
        name: what the progress lines call it.
        folder: the folder in `modules/` whose go.mod pins it.
        binaries: the programs it makes.
        seconds: how long it takes on 2 cores with an empty cache, measured.
        ldflags: further linker flags.
        embeds: files to put beside a package before building: (module, file in it, place in the folder).
        copies: files of the same modules needed at run time: (module, file or folder in it, place in the cache).
    """

    name: str
    folder: str
    binaries: tuple[Binary, ...]
    seconds: int
    ldflags: str = ""
    embeds: tuple[tuple[str, str, str], ...] = ()
    copies: tuple[tuple[str, str, str], ...] = ()


def _kubernetes(name: str) -> Binary:
    probe = ("version", "--client") if name == "kubectl" else ("--version",)
    return Binary(name, f"k8s.io/kubernetes/cmd/{name}", probe, f"v{KUBERNETES}")


_K8S_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES.split(".")
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_PLUGIN = "pulumi-resource-kubernetes"
_OPERATOR = "github.com/prometheus-operator/prometheus-operator"

BUILDS: tuple[Build, ...] = (
    Build(
        "Kubernetes",
        "kubernetes",
        (
            Binary("etcd", "go.etcd.io/etcd/server/v3", ("--version",), f"etcd Version: {ETCD}"),
            *map(
                _kubernetes,
                (
                    "kube-apiserver",
                    "kube-controller-manager",
                    "kube-scheduler",
                    "kube-proxy",
                    "kubelet",
                    "kubectl",
                ),
            ),
        ),
        seconds=340,
        # Without these the servers call themselves v0.0.0-master, and clients warn of version skew.
        ldflags=f"-X {_K8S_VERSION}.gitVersion=v{KUBERNETES} -X {_K8S_VERSION}.gitMajor={_MAJOR} "
        f"-X {_K8S_VERSION}.gitMinor={_MINOR}",
    ),
    Build(
        "Calico",
        "calico",
        (
            Binary("calico", "github.com/projectcalico/calico/cni-plugin/cmd/calico"),
            Binary("calico-felix", "github.com/projectcalico/calico/felix/cmd/calico-felix"),
        ),
        seconds=120,
        copies=(("github.com/projectcalico/calico", "libcalico-go/config/crd", "manifests/calico-crds"),),
    ),
    Build(
        "Prometheus, CoreDNS, metrics-server",
        "observability",
        (
            Binary("prometheus", "github.com/prometheus/prometheus/cmd/prometheus"),
            Binary(
                "promtool", "github.com/prometheus/prometheus/cmd/promtool", ("--version",), f"version {PROMETHEUS}"
            ),
            Binary("coredns", "github.com/coredns/coredns"),
            Binary("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
        ),
        seconds=360,
        ldflags=f"-X github.com/prometheus/common/version.Version={PROMETHEUS}",
    ),
    Build(
        # 0.31 is the last whose module has its pages in it, which it does not compile without.
        "Alertmanager",
        "alertmanager",
        (
            Binary("alertmanager", "github.com/prometheus/alertmanager/cmd/alertmanager"),
            Binary(
                "amtool",
                "github.com/prometheus/alertmanager/cmd/amtool",
                ("--version",),
                f"version {ALERTMANAGER}",
            ),
        ),
        seconds=65,
        ldflags=f"-X github.com/prometheus/common/version.Version={ALERTMANAGER}",
    ),
    Build(
        "Pulumi's Kubernetes provider, operators",
        "controllers",
        (
            Binary("pulumi-resource-kubernetes", "./pulumi-resource-kubernetes", path=PROVIDER_PLUGIN),
            Binary("cloudnative-pg", "github.com/cloudnative-pg/cloudnative-pg/cmd/manager"),
            Binary("prometheus-operator", f"{_OPERATOR}/cmd/operator"),
            Binary("prometheus-config-reloader", f"{_OPERATOR}/cmd/prometheus-config-reloader"),
        ),
        seconds=490,
        ldflags=f"-X main.version={PULUMI_KUBERNETES}",
        embeds=(
            (_PROVIDER, f"cmd/{_PLUGIN}/schema.json", f"{_PLUGIN}/schema.json"),
            (_PROVIDER, f"cmd/{_PLUGIN}/terraform-mapping.json", f"{_PLUGIN}/terraform-mapping.json"),
        ),
        copies=(
            (
                "github.com/cloudnative-pg/cloudnative-pg",
                f"releases/cnpg-{CLOUDNATIVE_PG}.yaml",
                "manifests/cloudnative-pg.yaml",
            ),
            (_OPERATOR, "bundle.yaml", "manifests/prometheus-operator.yaml"),
        ),
    ),
    Build(
        # A build of its own: it imports logrus under its old, capitalised path, which Go refuses beside the new one.
        "local-path-provisioner",
        "controllers",
        (Binary("local-path-provisioner", "github.com/rancher/local-path-provisioner"),),
        seconds=20,
    ),
    Build(
        "S3 gateway",
        "object-store",
        (Binary("versitygw", "github.com/versity/versitygw/cmd/versitygw", ("--version",), VERSITYGW),),
        seconds=110,
        ldflags=f"-X main.Version={VERSITYGW}",
    ),
    Build(
        "Pulumi",
        "pulumi",
        (Binary("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", ("version",), f"v{PULUMI}"),),
        seconds=220,
        ldflags=f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PULUMI}",
    ),
    Build(
        "Pulumi's Python host",
        "pulumi-language-python",
        (Binary("pulumi-language-python", "github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3"),),
        seconds=95,
        copies=(
            (
                "github.com/pulumi/pulumi/sdk/v3",
                "python/cmd/pulumi-language-python-exec",
                "bin/pulumi-language-python-exec",
            ),
        ),
    ),
)

RENDERERS = tuple(build for build in BUILDS if build.name.startswith("Pulumi"))
"""What `make render` needs."""

CHECKS: tuple[Build, ...] = (
    # Only for `make test-manifests`. The second makes no program: it takes the kinds' descriptions out of the modules.
    Build(
        "kubeconform, kube-score",
        "checks",
        (
            Binary("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
            Binary("kube-score", "github.com/zegl/kube-score/cmd/kube-score"),
        ),
        seconds=30,
    ),
    Build(
        "Kubernetes' schemas",
        "schemas",
        (),
        seconds=10,
        copies=(
            ("k8s.io/kubernetes", "api/openapi-spec/swagger.json", "schemas/kubernetes.json"),
            (
                "github.com/cert-manager/cert-manager",
                "deploy/crds/cert-manager.io_certificates.yaml",
                "schemas/certificates.yaml",
            ),
            (
                "github.com/external-secrets/external-secrets",
                "config/crds/bases/external-secrets.io_externalsecrets.yaml",
                "schemas/externalsecrets.yaml",
            ),
            (
                "sigs.k8s.io/gateway-api",
                "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
                "schemas/httproutes.yaml",
            ),
        ),
    ),
)
"""What `make up` does not need."""

_KWOK = "sigs.k8s.io/kwok"
SIMULATION: tuple[Build, ...] = (
    # Only for `make simulate`: nodes and pods that only say they are there, and how they do so.
    Build(
        "kwok",
        "simulation",
        (Binary("kwok", f"{_KWOK}/cmd/kwok"),),
        seconds=105,
        copies=tuple(
            (_KWOK, f"kustomize/{folder}/{name}.yaml", f"manifests/kwok/{name}.yaml")
            for folder, name in (
                ("stage/node/fast", "node-initialize"),
                ("stage/pod/fast", "pod-ready"),
                ("stage/pod/fast", "pod-complete"),
                ("stage/pod/fast", "pod-delete"),
                ("metrics/resource", "metrics-resource"),
                ("metrics/usage", "usage-from-annotation"),
            )
        ),
    ),
)
"""What neither `make up` nor `make test` needs."""

SUPPLY_CHAIN: tuple[Build, ...] = (
    # Only for `make sbom` and `make scan-images`.
    Build(
        "syft, govulncheck",
        "supply-chain",
        (
            Binary("syft", "github.com/anchore/syft/cmd/syft", ("version",), f"Version:       {SYFT}"),
            Binary("govulncheck", "golang.org/x/vuln/cmd/govulncheck"),
        ),
        seconds=300,
        ldflags=f"-X main.version={SYFT}",
    ),
)
"""What reads images: neither `make up` nor `make test` needs it."""
