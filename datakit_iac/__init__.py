"""DataKit IaC: data platforms as a Pulumi program."""
