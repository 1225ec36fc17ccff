"""The Pulumi program: one project of manifests in the environment of the stack's name."""

import pulumi

from datakit_iac import Platform

config = pulumi.Config("datakit")
platform = Platform("platform", project=config.get("project") or "examples/flights")
pulumi.export("runs", platform.runs)
