"""Orders, freight rates and plants of outbound logistics."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class CustomerOrder:
    """An order that one plant ships whole.

    Parameters
    ----------
    name, product, customer, service, destination
        What is ordered by whom, the service level, and the port it goes to.
    units, weight
        Units, and kilograms.
    """

    name: str
    product: str
    customer: str
    service: str
    destination: str
    units: float
    weight: float


@dataclasses.dataclass(frozen=True)
class FreightRate:
    """A band of weights of a freight line.

    Parameters
    ----------
    carrier, origin, destination, service, mode, transit_days
        The line.
    from_weight
        Least weight of the band, kilograms; it ends where the next one of the line begins.
    to_weight
        Largest weight that the band's row states, kilograms; a line carries nothing above its largest.
    minimum
        Least charge of a shipment, money.
    rate
        Money per kilogram.
    """

    carrier: str
    origin: str
    destination: str
    service: str
    mode: str
    transit_days: int
    from_weight: float
    to_weight: float
    minimum: float
    rate: float

    @property
    def line(self) -> tuple[str, str, str, str, str, int]:
        """What all bands of a line share."""
        return self.carrier, self.origin, self.destination, self.service, self.mode, self.transit_days


@dataclasses.dataclass(frozen=True)
class Plant:
    """A plant.

    Parameters
    ----------
    name
        Its name.
    capacity
        Orders that it ships at most.
    unit_cost
        Money per unit.
    products, ports
        What it makes, and where its goods leave.
    customers
        The only ones that it serves; empty for all.
    """

    name: str
    capacity: int
    unit_cost: float
    products: frozenset[str]
    ports: tuple[str, ...]
    customers: frozenset[str] = frozenset()
