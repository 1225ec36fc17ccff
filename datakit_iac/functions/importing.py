"""Importing a module of functions: by itself, beside the modules of its folder, and without a trace afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

from datakit_iac.functions.declaration import DeclarationError

FOLDERS: Final = frozenset({"transform", "transforms"})
"""The folders of a project below which modules may declare functions."""


class ModuleFault(Exception):  # noqa: N818 - a fault of the user's module
    """A module cannot be imported; the text says why, on one line.

    Attributes:
        file: the user's file in which it happened.
        line: the line there; 0 where it is not known.
        is_declared: whether what is wrong is what it declares, and not the module.
    """

    def __init__(self, message: str, file: Path, line: int, *, is_declared: bool = False) -> None:
        super().__init__(message)
        self.file, self.line, self.is_declared = file, line, is_declared


def search_path(module: Path) -> tuple[Path, ...]:
    """The folders in which a module's own imports are looked for: its folder, and ``transforms/`` above it.

    >>> [str(each) for each in search_path(Path("shop/transforms/scoring/model.py"))]
    ['shop/transforms/scoring', 'shop/transforms']
    """
    above = [each for each in module.parent.parents if each.name in FOLDERS]
    return (module.parent, *above[:1])


@contextlib.contextmanager
def imported(file: Path) -> Iterator[ModuleType]:
    """A module, imported for as long as the block lasts.

    It has a name of its own, so that two of one name do not meet; so do the modules that it imports from its folders.
    What it prints goes to stderr. Nothing is written beside it.

    Raises:
        ModuleFault: it has a syntax error, or importing it fails.
    """
    file = file.absolute()
    folders = [str(each) for each in search_path(file)]
    name = f"_datakit_{file.stem}_{hashlib.blake2b(str(file).encode(), digest_size=6).hexdigest()}"
    before, writes_none = {*sys.modules}, sys.dont_write_bytecode
    sys.path[:0] = folders
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None, "a file that ends with .py has a loader"
        assert spec.loader is not None, "a file that ends with .py has a loader"
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            with contextlib.redirect_stdout(sys.stderr):
                spec.loader.exec_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as fault:
            raise _fault(fault, file, folders) from None
        yield module
    finally:
        sys.dont_write_bytecode = writes_none
        for each in folders:
            with contextlib.suppress(ValueError):
                sys.path.remove(each)
        for each in {*sys.modules} - before:
            if each == name or _is_below(sys.modules[each], folders):
                del sys.modules[each]


def _fault(fault: BaseException, file: Path, folders: list[str]) -> ModuleFault:
    if isinstance(fault, SyntaxError) and fault.filename:
        return ModuleFault(f"this is not valid Python: {fault.msg}", Path(fault.filename), fault.lineno or 0)
    place, line = user_place(fault, folders) or (file, 0)
    return ModuleFault(described(fault), place, line, is_declared=isinstance(fault, DeclarationError))


def user_place(fault: BaseException, folders: list[str]) -> tuple[Path, int] | None:
    """The last line of the user's own modules that an error came through."""
    frames = traceback.extract_tb(fault.__traceback__)
    own = [each for each in frames if any(Path(each.filename).is_relative_to(folder) for folder in folders)]
    return (Path(own[-1].filename), own[-1].lineno or 0) if own else None


def described(fault: BaseException) -> str:
    """An error on one line, with its kind, ``ValueError: no such day``; what is declared wrongly says it itself."""
    text = " ".join(str(fault).split())
    if isinstance(fault, DeclarationError):
        return text
    return f"{type(fault).__name__}: {text}" if text else type(fault).__name__


def _is_below(module: ModuleType, folders: list[str]) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and any(Path(file or "").is_relative_to(each) for each in folders)
