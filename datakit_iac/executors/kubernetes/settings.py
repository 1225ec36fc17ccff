"""What an Environment says of the cluster that its jobs run on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from datakit_iac.manifest.models.document import Model, nothing
from datakit_iac.manifest.models.process import KUBERNETES_NAME
from datakit_iac.manifest.values.image import ImageReference

KubernetesName = Annotated[str, Field(pattern=KUBERNETES_NAME)]
Label = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
LabelKey = Annotated[
    str,
    Field(pattern=r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"),
]


class Toleration(Model):
    """A taint of nodes that pods accept, as Kubernetes has it."""

    key: LabelKey | None = None
    operator: Literal["Exists", "Equal"] = "Equal"
    value: Label | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: Annotated[int, Field(ge=0)] | None = None


class KubernetesSettings(Model):
    """Where in which cluster jobs run.

    Attributes:
        image: has the project's files in its working directory, datakit-iac and what its runtimes need; a Transform
            that says an image of its own runs in that.
        namespace: of the Jobs; that of the context where it is None.
        context: of the kubeconfig; the current one where it is None.
        service_account: as which the pods run.
        image_pull_secrets: the Secrets by which images are pulled.
        node_selector: the labels of the nodes that pods run on.
        tolerations: the taints of nodes that they accept.
        labels: of all objects, beside ours.
    """

    image: ImageReference
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")] | None = None
    context: str | None = None
    service_account: KubernetesName | None = None
    image_pull_secrets: Annotated[list[KubernetesName], Field(default_factory=nothing)]
    node_selector: dict[LabelKey, Label] = Field(default_factory=dict)
    tolerations: Annotated[list[Toleration], Field(default_factory=nothing)]
    labels: dict[LabelKey, Label] = Field(default_factory=dict)
