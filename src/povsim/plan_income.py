"""The earning types: measures that add to one income source, grow, may fail, and fade once support has ended."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from povsim.plan_frame import PER_HOUSEHOLD, PER_HOUSEHOLD_YEAR, MeasureFrame
from povsim.quantity import Quantity
from povsim.rulebook import Meaning, a_share

Destination = Literal["wage", "business", "property", "transfer"]
GrossSales = Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "年销售收入", "gross sales at full size", 0.0)]
Margin = Annotated[Quantity, a_share("净收益率", "net of production cost, share of gross sales")]
Wage = Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "年工资", "wage at full size", 0.0)]
Dividend = Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "年分红", "dividend at full size", 0.0)]
Compensation = Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "年补偿", "compensation at full size", 0.0)]


class Earning(MeasureFrame):
    """What every earning type states beside its amount, the field that ``AMOUNT`` names.

    ``DESTINATION`` is the income source that grows; ``PAID`` says that the amount itself is public money.
    """

    DESTINATION: ClassVar[Destination]
    AMOUNT: ClassVar[str]
    PAID: ClassVar[bool] = False

    effect_sd: Annotated[Quantity, Meaning("log points", "户间差异", "spread between households", 0.0, 3.0)]
    first_year: Annotated[Quantity, a_share("首年达产率", "share of full size in the first year")]
    second_year: Annotated[Quantity, a_share("次年达产率", "share of full size in the second year")]
    failure: Annotated[Quantity, a_share("年失败率", "share that fail in a year")]
    success: Annotated[
        Quantity | None, a_share("见效率", "share of participants who gain at all; all if not given")
    ] = None
    displaced: Annotated[
        Quantity | None, a_share("挤出率", "earlier business income given up, share of the gain; none if not given")
    ] = None
    support_years: Annotated[Quantity, Meaning("years", "帮扶年限", "years of support", 1, 30)]
    support_after_exit: Annotated[Quantity, Meaning("years", "脱贫后继续帮扶", "years of support after exit", 0, 30)]
    decay: Annotated[Quantity, a_share("停扶后年衰减", "yearly loss of size after support")]
    unit_cost: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "一次性投入", "cost at the start", 0.0)]
    yearly_cost: Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "年度投入", "cost in each supported year", 0.0)]


class Industry(Earning):
    """Industry support: a trade is started and grows into its size (产业扶贫)."""

    DESTINATION: ClassVar[Destination] = "business"
    AMOUNT: ClassVar[str] = "gross_sales"

    type: Literal["industry"]
    gross_sales: GrossSales
    margin: Margin


class Contracts(Earning):
    """Supply contracts: produce is bought by canteens, firms or partners (消费扶贫、订单)."""

    DESTINATION: ClassVar[Destination] = "business"
    AMOUNT: ClassVar[str] = "gross_sales"

    type: Literal["contracts"]
    gross_sales: GrossSales
    margin: Margin


class Ecommerce(Earning):
    """Online sales of the household's produce (电商扶贫)."""

    DESTINATION: ClassVar[Destination] = "business"
    AMOUNT: ClassVar[str] = "gross_sales"

    type: Literal["ecommerce"]
    gross_sales: GrossSales
    margin: Margin


class Tourism(Earning):
    """Rural tourism: rooms, meals, stalls (旅游扶贫)."""

    DESTINATION: ClassVar[Destination] = "business"
    AMOUNT: ClassVar[str] = "gross_sales"

    type: Literal["tourism"]
    gross_sales: GrossSales
    margin: Margin


class Jobs(Earning):
    """A job for a member, in the county or away (就业扶贫、劳务输出)."""

    DESTINATION: ClassVar[Destination] = "wage"
    AMOUNT: ClassVar[str] = "wage"

    type: Literal["jobs"]
    wage: Wage


class Workshop(Earning):
    """A job in a workshop near home (扶贫车间)."""

    DESTINATION: ClassVar[Destination] = "wage"
    AMOUNT: ClassVar[str] = "wage"

    type: Literal["workshop"]
    wage: Wage


class Training(Earning):
    """Skills training, which helps some to better pay (技能培训)."""

    DESTINATION: ClassVar[Destination] = "wage"
    AMOUNT: ClassVar[str] = "wage"

    type: Literal["training"]
    wage: Wage


class Posts(Earning):
    """A public post, such as cleaner or road keeper, whose wage is public money (公益性岗位)."""

    DESTINATION: ClassVar[Destination] = "wage"
    AMOUNT: ClassVar[str] = "wage"
    PAID: ClassVar[bool] = True

    type: Literal["posts"]
    wage: Wage


class Solar(Earning):
    """A share of the yield of a village's solar plant (光伏扶贫)."""

    DESTINATION: ClassVar[Destination] = "property"
    AMOUNT: ClassVar[str] = "dividend"

    type: Literal["solar"]
    dividend: Dividend


class Assets(Earning):
    """A dividend on invested public money or leased land (资产收益扶贫)."""

    DESTINATION: ClassVar[Destination] = "property"
    AMOUNT: ClassVar[str] = "dividend"

    type: Literal["assets"]
    dividend: Dividend


class Ecology(Earning):
    """Compensation for forest or farmland, paid from public money (生态补偿)."""

    DESTINATION: ClassVar[Destination] = "transfer"
    AMOUNT: ClassVar[str] = "compensation"
    PAID: ClassVar[bool] = True

    type: Literal["ecology"]
    compensation: Compensation
