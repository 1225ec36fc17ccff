"""The Pulumi program: the manifests of this project in the environment of the stack's name."""

import pulumi

from datakit_iac import Platform

platform = Platform("platform", project=".")
pulumi.export("runs", platform.runs)
