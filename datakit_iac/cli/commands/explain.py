"""Say what the code of a finding means and what to do about it, as docs/troubleshooting.md has it.

Without a code: list all codes. The rules of policies are codes too.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exit_codes


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="e.g. unknown-field (default: list all codes)")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="how to print it (default: text)")


def run(options: Namespace) -> int:
    """Print one code or the list."""
    from datakit_iac.cli.output.code_help import meanings
    from datakit_iac.findings.codes import CODES, severity_of
    from datakit_iac.findings.nearest import nearest

    titles = {rule: text.rstrip(".") for rule, text in meanings().items()} | {
        code.name: code.title for code in CODES.values()
    }
    if options.code and options.code not in titles:
        raise exit_codes.UsageError(f"unknown code {options.code!r}", nearest(options.code, titles))
    if not options.code:
        if options.output == "json":
            print(json.dumps([{"code": each, "title": titles[each]} for each in sorted(titles)], indent=2))
        else:
            width = max(map(len, titles))
            print("\n".join(f"{each:<{width}}  {titles[each]}" for each in sorted(titles)))
        return exit_codes.FINE
    code, title, meaning = options.code, titles[options.code], meanings()[options.code]
    severity = severity_of(code)
    if options.output == "json":
        print(json.dumps({"code": code, "title": title, "severity": severity, "meaning": meaning}, indent=2))
    else:
        print(f"{severity}[{code}] {title}\n\n{meaning}")
    return exit_codes.FINE
