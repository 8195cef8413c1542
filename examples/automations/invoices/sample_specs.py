"""What the sample invoices say; make_samples.py draws them. The issuers are invented."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

Rows = Sequence[tuple[str, int, str]]
"""Description, quantity, unit price."""


@dataclass(frozen=True)
class Spec:
    """What one invoice says."""

    file: str
    issuer: str
    number: str
    date: date
    currency: str
    rows: Rows
    rates: tuple[str, ...]
    """Tax rates in per cent, taken in turn for the rows."""
    shipping: str = "0.00"
    sign: int = 1
    misprint: str = "0.00"
    """Added to the printed total, so that it does not add up."""

    def lines(self) -> list[tuple[str, int, Decimal, Decimal, Decimal]]:
        """Returns description, quantity, unit price, line total and tax rate."""
        result = []
        for index, (text, quantity, price) in enumerate(self.rows):
            unit = Decimal(price) * self.sign
            rate = Decimal(self.rates[index % len(self.rates)])
            result.append((text, quantity, unit, unit * quantity, rate))
        return result

    @property
    def goods(self) -> Decimal:
        """The sum of the lines."""
        return sum((line[3] for line in self.lines()), Decimal("0.00"))

    @property
    def net(self) -> Decimal:
        """The sum of the lines and the shipping."""
        return self.goods + Decimal(self.shipping)

    def taxes(self) -> list[tuple[Decimal, Decimal, Decimal]]:
        """Returns rate, base and tax per rate; shipping is taxed at the first rate."""
        result = []
        for index, rate in enumerate(dict.fromkeys(Decimal(r) for r in self.rates)):
            base = sum((line[3] for line in self.lines() if line[4] == rate), Decimal("0.00"))
            base += Decimal(self.shipping) if index == 0 else 0
            result.append((rate, base, (base * rate / 100).quantize(CENT, ROUND_HALF_UP)))
        return result

    @property
    def tax(self) -> Decimal:
        """The sum of the taxes."""
        return sum((tax for _, _, tax in self.taxes()), Decimal("0.00"))

    @property
    def total(self) -> Decimal:
        """The total as printed."""
        return self.net + self.tax + Decimal(self.misprint)

    def fields(self) -> dict[str, str]:
        """What the automation has to find."""
        return {
            "issuer": self.issuer,
            "number": self.number,
            "date": self.date.isoformat(),
            "currency": self.currency,
            "net": str(self.net),
            "tax": str(self.tax),
            "total": str(self.total),
        }


GOODS = (
    ("Container transport Hamburg - Köln", 3, "412.50"),
    ("Handling per pallet", 24, "7.80"),
    ("Customs declaration", 1, "95.00"),
)
CATALOGUE = tuple(
    (f"Article {n:03d} steel bracket, zinc plated", n % 7 + 1, f"{n * 1.37:.2f}")
    for n in range(1, 76)
)
HARDWARE = (("Aluminum dock cleat 8 in", 40, "12.95"), ("Nylon rope 100 ft", 15, "38.40"))
FILTERS = (("Filter service, annual", 2, "640.00"), ("Cartridge type C", 12, "18.75"))

NORDWIND = Spec(
    file="nordwind-RE-2024-0117.pdf",
    issuer="Nordwind Logistik GmbH",
    number="RE-2024-0117",
    date=date(2024, 1, 8),
    currency="EUR",
    rows=GOODS,
    rates=("19",),
)
NORDWIND_MARCH = replace(
    NORDWIND,
    file="nordwind-RE-2024-0142.pdf",
    number="RE-2024-0142",
    date=date(2024, 3, 21),
    rows=GOODS[:2],
)
KRUEGER = Spec(
    file="krueger-sammelrechnung-8841.pdf",
    issuer="Krüger Eisenwaren KG",
    number="8841/24",
    date=date(2024, 5, 7),
    currency="EUR",
    rows=CATALOGUE,
    rates=("19", "7"),
)
BRIGHTWATER = Spec(
    file="brightwater-INV-10382.pdf",
    issuer="Brightwater Systems Ltd",
    number="INV-10382",
    date=date(2024, 3, 14),
    currency="GBP",
    rows=FILTERS,
    rates=("20",),
)
BRIGHTWATER_CREDIT = replace(
    BRIGHTWATER,
    file="brightwater-CN-0077.pdf",
    number="CN-0077",
    date=date(2024, 4, 2),
    rows=(("Cartridge type C, returned", 4, "18.75"),),
    sign=-1,
)
CASCADE = Spec(
    file="cascade-48213.pdf",
    issuer="Cascade Marine Supply Inc.",
    number="48213",
    date=date(2024, 7, 1),
    currency="USD",
    rows=HARDWARE,
    rates=("8.25",),
    shipping="45.00",
)
HARBORLINE = Spec(
    file="harborline-2207.pdf",
    issuer="Harborline Tools LLC",
    number="2207",
    date=date(2024, 7, 19),
    currency="USD",
    rows=HARDWARE[:1],
    rates=("6",),
    misprint="9.00",
)
ALPENBLICK = Spec(
    file="alpenblick-240405.pdf",
    issuer="Alpenblick Treuhand AG",
    number="240405",
    date=date(2024, 4, 5),
    currency="CHF",
    rows=(("Revision 2023", 1, "4850.00"), ("Beratung, Stunden", 6, "210.00")),
    rates=("8.1",),
)
LUMIERE = Spec(
    file="lumiere-FA-2024-0031.pdf",
    issuer="Atelier Lumière SARL",
    number="FA-2024-0031",
    date=date(2024, 3, 12),
    currency="EUR",
    rows=(("Création de vitrine", 1, "2350.00"), ("Ampoules", 40, "6.40")),
    rates=("20",),
)
SAFFRON = Spec(
    file="saffron-SF-24-091.pdf",
    issuer="Saffron Textiles Pvt. Ltd.",
    number="SF/24/091",
    date=date(2024, 6, 3),
    currency="INR",
    rows=(("Cotton fabric, metre", 900, "145.50"),),
    rates=("5",),
)
CLOUDKETTLE = Spec(
    file="cloudkettle-CK-7719.pdf",
    issuer="Cloudkettle Ltd",
    number="CK-7719",
    date=date(2024, 2, 29),
    currency="EUR",
    rows=(("Team plan, February", 25, "12.00"),),
    rates=("23",),
)
