"""The exceptions of picojoule.

::

    PicojouleError            everything this library raises on purpose
    ├── InputError            the user's input is wrong            → exit status 2
    │   ├── DataError         a data set, an image, a label
    │   ├── WeightsError      a file of weights
    │   ├── ConversionError   a network that cannot be converted as asked
    │   └── MissingExtra      an optional dependency is not installed
    ├── EngineError           an engine that cannot run this network exactly
    └── PriceError            an action for which a profile has no price

Every message is one line; it says *what* is wrong, *where*, and the *remedy*.
"""

from __future__ import annotations


class PicojouleError(Exception):
    """An error with its cause, its place and its remedy.

    Args:
        what: what is wrong, as a clause.
        where: the file, the node, the option or the line.
        remedy: what the user can do about it.
    """

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__("⏎".join(f"{where}: {what}. Remedy: {remedy}".splitlines()))

    def __reduce__(self) -> tuple[object, ...]:
        """From a worker process it arrives as it was raised."""
        return _raised_elsewhere, (type(self), self.what, self.where, self.remedy)


class InputError(PicojouleError, ValueError):
    """The user's input is wrong."""


class DataError(InputError):
    """A data set, an image or a label is wrong."""


class WeightsError(InputError):
    """A file of weights is wrong."""


class ConversionError(InputError):
    """A network cannot be converted as asked."""


class MissingExtra(InputError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, *, extra: str, needed_for: str) -> None:
        super().__init__(
            f"the package {package!r} is not installed",
            where=needed_for,
            remedy=f"pip install 'picojoule[{extra}]'",
        )


class EngineError(PicojouleError):
    """An engine cannot run this network exactly."""


class PriceError(PicojouleError):
    """A profile has no price for a counted action."""


def _raised_elsewhere(kind: type[PicojouleError], what: str, where: str, remedy: str) -> PicojouleError:
    error = kind.__new__(kind)
    PicojouleError.__init__(error, what, where=where, remedy=remedy)
    return error


def first_line(problem: BaseException) -> str:
    """What a library raised, in one line; its kind where it says nothing."""
    return next(iter(str(problem).splitlines()), type(problem).__name__)
