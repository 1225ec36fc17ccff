"""Print a shell's completion of dk: commands, options, their values, and the names in the current project.

bash:  echo 'eval "$(dk completion bash)"' >> ~/.bashrc
zsh:   echo 'eval "$(dk completion zsh)"' >> ~/.zshrc
fish:  dk completion fish > ~/.config/fish/completions/dk.fish
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exit_codes


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


def run(options: Namespace) -> int:
    from importlib.resources import files

    script = files("datakit_iac.cli.scaffold").joinpath("templates", "completion", options.shell)
    print(script.read_text(encoding="utf-8"), end="")
    return exit_codes.FINE
