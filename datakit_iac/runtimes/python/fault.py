"""What stops a function, said for people."""


class FunctionFault(Exception):  # noqa: N818 - a fault of the user's function
    """The function, or what it returned, is wrong; each line of the text is one thing that is.

    Attributes:
        is_final: whether it would be wrong again.
    """

    def __init__(self, message: str, *, is_final: bool = True) -> None:
        super().__init__(message)
        self.is_final = is_final
