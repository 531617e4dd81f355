"""Labelled controls of one look; what a program sets is not told back to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, List, Unicode

from povsim.dashboard.widgets.part import Part
from povsim.dashboard.widgets.plain import plain

Options = Mapping[Any, str] | Iterable[tuple[Any, str]] | Iterable[str]
"""Value to label, or pairs of value and label, or texts that are both."""


LONGEST = 2_000
"""Characters that a field takes."""


class Control(Part):
    """A control; ``value`` may be set at any time and is shown without calling ``on_change``.

    Attributes
    ----------
    value : object
        What it is set to.
    label, help : str
        What it is, and a tooltip.
    disabled : bool
        Whether it takes no input.
    """

    kind = Unicode("control").tag(sync=True)
    form = Unicode().tag(sync=True)
    label = Unicode().tag(sync=True)
    help = Unicode().tag(sync=True)
    disabled = Bool(default_value=False).tag(sync=True)
    shown: Any = AnyTrait(None, allow_none=True).tag(sync=True)
    choices: Any = List().tag(sync=True)
    settings: Any = Dict().tag(sync=True)

    def __init__(self, form: str, label: str, on_change: Callable[..., Any] | None, **traits: Any) -> None:
        self._on_change = on_change
        self._values: list[Any] = []
        super().__init__(form=form, label=label, **traits)

    @property
    def value(self) -> Any:
        """What it is set to."""
        return self._told(self.shown)

    @value.setter
    def value(self, new: Any) -> None:
        self.shown = self._asked(new)

    @property
    def options(self) -> list[tuple[Any, str]]:
        """Values and labels to choose from; the value stays if it is still among them, else the first is taken."""
        return list(zip(self._values, self.choices, strict=True))

    @options.setter
    def options(self, new: Options) -> None:
        kept = self.value if self._values else None
        pairs = _pairs(new)
        with self.hold_sync():
            self._values, self.choices = [one for one, _ in pairs], [label for _, label in pairs]
            if self.form == "checks":
                self.value = [one for one in kept or [] if one in self._values]
            else:
                self.value = kept if kept in self._values else next(iter(self._values), None)

    def _asked(self, value: Any) -> Any:
        if self.form in ("picker", "segments"):
            return self._values.index(value) if value in self._values else None
        if self.form == "checks":
            return [place for place, one in enumerate(self._values) if one in value]
        return plain(value)

    def _told(self, shown: Any) -> Any:
        if self.form in ("picker", "segments"):
            return None if shown is None else self._values[shown]
        return [self._values[place] for place in shown or []] if self.form == "checks" else shown

    def _on_input(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        shown = content.get("value")
        if not self._allowed(shown):
            return
        # the page shows it already: nothing is sent back but the acknowledgement
        self._trait_values["shown"] = shown
        if self._on_change is not None:
            self._on_change(self.value)

    def _truth(self) -> dict[str, Any]:
        return {"shown": self.shown}

    def _allowed(self, shown: Any) -> bool:
        number = isinstance(shown, int | float) and not isinstance(shown, bool)
        if self.form == "slider":
            return number and self.settings["low"] <= shown <= self.settings["high"]
        if self.form == "toggle":
            return isinstance(shown, bool)
        if self.form == "text":
            return isinstance(shown, str) and len(shown) <= LONGEST
        if self.form == "checks":
            return isinstance(shown, list) and all(self._place(one) for one in shown) and self._few(shown)
        return self._place(shown)

    def _few(self, shown: Sequence[Any]) -> bool:
        most = self.settings.get("most")
        return most is None or len(shown) <= most

    def _place(self, shown: Any) -> bool:
        return isinstance(shown, int) and not isinstance(shown, bool) and 0 <= shown < len(self._values)

    def _on_press(self, _content: Mapping[str, Any], _buffers: list[Any]) -> None:
        if self._on_change is not None and self.form == "button" and not self.disabled:
            self._on_change()


def _pairs(options: Options) -> list[tuple[Any, str]]:
    if isinstance(options, Mapping):
        return [(value, str(label)) for value, label in options.items()]
    return [(one, one) if isinstance(one, str) else (one[0], str(one[1])) for one in options]


def _with_options(control: Control, options: Options, value: Any) -> Control:
    control.options = options
    if value is not None:
        control.value = value
    return control


def picker(
    label: str,
    options: Options,
    value: Any,
    on_change: Callable[[Any], Any] | None = None,
    *,
    help: str = "",  # noqa: A002
) -> Control:
    """Return a list to pick one from; long lists can be searched by typing.

    Parameters
    ----------
    label : str
        What is picked.
    options : mapping or pairs
        Values and their labels, in order.
    value : object
        The one picked at first.
    on_change : callable, optional
        Called with the value that the reader picked.
    help : str
        Tooltip.

    Examples
    --------
    >>> years = picker("Year", {2016: "2016", 2017: "2017"}, 2017)
    >>> years.value
    2017
    """
    return _with_options(Control("picker", label, on_change, help=help), options, value)


def segments(label: str, options: Options, value: Any, on_change: Callable[[Any], Any] | None = None) -> Control:
    """Return buttons side by side of which one is down: for two to five choices that are changed often.

    Examples
    --------
    >>> segments("Level", {"township": "Townships", "village": "Villages"}, "village").value
    'village'
    """
    return _with_options(Control("segments", label, on_change), options, value)


def checks(
    label: str,
    options: Options,
    values: Iterable[Any],
    on_change: Callable[[Any], Any] | None = None,
    *,
    most: int | None = None,
) -> Control:
    """Return boxes to tick, at most so many at a time; ``on_change`` is given the list of values.

    Examples
    --------
    >>> checks("Plans", {"a": "Plan A", "b": "Plan B"}, ["b"], most=3).value
    ['b']
    """
    control = Control("checks", label, on_change, settings={"most": most}, shown=[])
    return _with_options(control, options, list(values))


def number_slider(
    label: str,
    bounds: tuple[float, float, float],
    value: float,
    on_change: Callable[[float], Any] | None = None,
    *,
    unit: str = "",
    digits: int = 0,
) -> Control:
    """Return a slider with the number beside it, which can be typed as well.

    Parameters
    ----------
    label : str
        What is set.
    bounds : tuple of float
        Lowest, highest, step.
    value : float
        At first.
    on_change : callable, optional
        Called with the number; while dragging at most one call at a time, and the last number always arrives.
    unit : str
        Shown behind the number.
    digits : int
        Decimals shown.

    Examples
    --------
    >>> number_slider("Coverage", (0, 100, 5), 80, unit="%").value
    80
    """
    low, high, step = bounds
    settings = {"low": low, "high": high, "step": step, "unit": unit, "digits": digits}
    return Control("slider", label, on_change, shown=plain(value), settings=plain(settings))


def text_field(
    label: str, value: str = "", on_change: Callable[[str], Any] | None = None, *, hint: str = "", typing: bool = False
) -> Control:
    """Return a field for a text.

    Parameters
    ----------
    label : str
        What is entered.
    value : str
        At first.
    on_change : callable, optional
        Called with the text when it is confirmed by Enter or left.
    hint : str
        Shown while it is empty.
    typing : bool
        Call with every letter instead, the last always among them.

    Examples
    --------
    >>> text_field("Household", hint="code or name").value
    ''
    """
    return Control("text", label, on_change, shown=value, settings={"hint": hint, "typing": typing})


def toggle(label: str, value: bool, on_change: Callable[[bool], Any] | None = None, *, help: str = "") -> Control:  # noqa: A002, FBT001
    """Return a switch.

    Examples
    --------
    >>> toggle("Rule applies", True).value
    True
    """
    return Control("toggle", label, on_change, shown=bool(value), help=help)


def button(
    label: str,
    on_click: Callable[[], Any],
    tone: Literal["plain", "primary", "quiet", "danger"] = "plain",
    *,
    help: str = "",  # noqa: A002
) -> Control:
    """Return a button; ``primary`` for the one thing that a card is about.

    Examples
    --------
    >>> button("Run again", lambda: None, "primary").label
    'Run again'
    """
    return Control("button", label, on_click, settings={"tone": tone}, help=help)
