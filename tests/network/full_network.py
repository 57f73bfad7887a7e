"""One network that uses everything."""

from basestock.network import Inspection, Item, Lane, Limit, Node, Process, Resource, Supplier, SupplyNetwork

# A network that uses everything. Its names would trip a careless writer.
FULL = SupplyNetwork(
    items=(
        Item("=1+1", shelf_life=3, unit="box, large"),
        Item('quoted "name"', whole_units=False, volume=0.1),
        Item("'apostrophe", decay_rate=0.25),
        Item("牛乳　1L", storage_class="cold room"),
    ),
    nodes=(Node("DC", tier=1, storage={"cold room": 4, "ambient": 1e22}), Node("shop, old")),
    suppliers=(Supplier("mill", capacity=3), Supplier("-dealer", minimum_value=0.1)),
    lanes=(
        Lane(
            "mill", "DC", lead_time={1: 0.1, 30: 0.9}, lead_time_known="on_arrival",
            item_lead_time={"=1+1": {2: 1 / 3, 4: 2 / 3}, "牛乳　1L": 7}, order_multiple={"=1+1": 12},
            order_minimum=5, review_period=7, review_phase=3, order_days=(0, 3),
        ),
        Lane("DC", "shop, old", items=("'apostrophe", "=1+1"), unfilled="lost", priority=0),
        Lane("DC", "shop, old", name="express", items=("=1+1",), lead_time=0, order_maximum={"=1+1": 4}),
    ),
    processes=(
        Process(
            "mix", "DC", consumes={'quoted "name"': 1.5}, produces={"=1+1": 1}, duration=2, uses={"robot": 0.5},
            batch=10, yield_=0.9, scrap={'quoted "name"': 0.05}, priority=3, yield_law="beta", yield_deviation=0.05,
        ),
        Process("fill", "DC", produces={"'apostrophe": 1}),
    ),
    resources=(
        Resource(
            "robot", 2, 8, ("up", "down"), {("mix", "fill"): 1.5, ("fill", "mix"): 0}, overtime=1.5, breakdown=0.05,
            repair_time={1: 0.75, 4: 0.25}, breakdown_share=0.5, maintenance_every=30, maintenance_length=2,
            maintenance_phase=9,
        ),
        Resource("crew, night", changeover={("fill", "mix"): 0.25}, repair_time=3),
    ),
    inspections=(Inspection("mix", 10, 1, 20, 3), Inspection("express", 5, 0)),
    limits=(Limit("network", "spend", 1e5), Limit(("DC", "express"), "weight", 3, hard=False)),
    unmet=0.25,
    unmet_at={("shop, old", "=1+1"): "backorder", ("shop, old", "'apostrophe"): 0.5},
)  # fmt: skip
