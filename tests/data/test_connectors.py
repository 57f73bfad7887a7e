"""Built-in maps on small exports of each system, and the traps of each system's files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from basestock.data.cells import parse_feed_column
from basestock.data.frames import FeedFrame, SourceInfo
from basestock.data.issues import IssueLog
from basestock.data.mapping import parse_mapping
from basestock.data.sources import read_source
from basestock.data.tables import TABLES


@dataclass(frozen=True)
class Read:
    feeds: list[FeedFrame]
    info: SourceInfo
    log: IssueLog

    def feed(self, table: str) -> FeedFrame:
        (only,) = [feed for feed in self.feeds if feed.table == table]
        return only

    def rows(self, table: str, *columns: str) -> list[tuple[object, ...]]:
        """Return typed cells of a table."""
        feed = self.feed(table)
        parsed = [parse_feed_column(feed, TABLES[table][name]) for name in columns]
        for each in parsed:
            assert each.verdict is None
        return list(zip(*(each.values.to_list() for each in parsed), strict=True))

    @property
    def codes(self) -> list[str]:
        return self.log.to_frame()["code"].to_list()


def read(folder: Path, system: str, files: dict[str, str], declared: str = "") -> Read:
    for name, text in files.items():
        (folder / name).write_text(text.strip() + "\n", encoding="utf-8")
    log = IssueLog()
    mapping = parse_mapping(f'[source]\nmap = "{system}"\n{declared}', log)
    assert mapping is not None
    feeds, info = read_source(folder, mapping=mapping, log=log)
    return Read(feeds, info, log)


# --- Odoo -------------------------------------------------------------------------------------------------

ODOO = {
    "product.product.csv": """
.id,default_code,name,categ_id/complete_name,uom_id/name,standard_price,list_price,active
7,DESK,Desk,All / Office,Units,120.5,300,True
8,,Chair,All / Office,Units,0,40,False
""",
    "product.supplierinfo.csv": """
partner_id/.id,product_id/default_code,delay,min_qty,price,currency_id/name,product_uom/name,sequence,date_start,date_end
11,DESK,14,2,110,EUR,Dozen,1,2024-01-01,
""",
    "stock.quant.csv": """
product_id/default_code,location_id/warehouse_id/code,quantity,reserved_quantity
DESK,WH,5,1
DESK,WH,7,0
""",
    "sale.order.line.csv": """
order_id/date_order,order_id/state,product_id/default_code,order_id/warehouse_id/code,product_uom_qty,product_uom/name
2024-01-02 08:00:00,sale,DESK,WH,3,Units
2024-01-02 17:00:00,done,DESK,WH,1,Units
2024-01-02 18:00:00,cancel,DESK,WH,9,Units
""",
    "purchase.order.line.csv": """
.id,order_id/name,product_id/default_code,order_id/picking_type_id/warehouse_id/code,order_id/partner_id/.id,order_id/date_order,date_planned,product_qty,qty_received,product_uom/name,price_unit,currency_id/name,order_id/state
1,P1,DESK,WH,11,2024-01-05 10:00:00,2024-01-19 10:00:00,2,0,Dozen,110,EUR,purchase
2,P2,DESK,WH,11,2024-01-05 10:00:00,2024-01-19 10:00:00,2,0,Dozen,110,EUR,draft
""",
}


def test_odoo(tmp_path: Path):
    found = read(tmp_path, "odoo", ODOO, 'as_of = "2024-01-31"')
    assert found.codes == []
    assert found.rows("item", "item_id", "base_uom", "unit_cost", "lifecycle") == [
        ("DESK", "Units", 120.5, "active"), ("8", "Units", None, "ended"),
    ]  # fmt: skip
    assert found.rows("inventory", "as_of", "location_id", "on_hand", "reserved") == [
        (date(2024, 1, 31), "WH", 12.0, 1.0)
    ]
    assert found.rows("demand_history", "bucket_start", "qty") == [(date(2024, 1, 2), 4.0)]
    assert found.rows("purchase_order", "po_id", "line_id", "status") == [
        ("P1", "1", "open"),
        ("P2", "2", "draft"),
    ]


def test_odoo_quantities_stay_in_the_unit_of_the_line(tmp_path: Path):
    found = read(tmp_path, "odoo", ODOO)
    assert found.rows("purchase_order", "qty_ordered", "uom")[0] == (2.0, "Dozen")
    assert found.rows("item_supplier", "order_minimum", "order_uom", "priority") == [(2.0, "Dozen", 2)]


def test_odoo_an_order_that_is_fully_received_is_closed(tmp_path: Path):
    lines = ODOO["purchase.order.line.csv"].strip().splitlines()
    files = {**ODOO, "purchase.order.line.csv": "\n".join(
        [lines[0] + ",order_id/receipt_status", lines[1] + ",full", lines[2] + ","]
    )}  # fmt: skip
    found = read(tmp_path, "odoo", files)
    assert [status for (status,) in found.rows("purchase_order", "status")] == ["closed", "draft"]


# --- ERPNext ----------------------------------------------------------------------------------------------

ERPNEXT = {
    "Item.csv": """
item_code,item_name,item_group,stock_uom,valuation_rate,lead_time_days,min_order_qty,safety_stock,disabled,end_of_life
BOLT,Bolt M8,Hardware,Nos,0.1,10,500,0,0,2099-12-31
""",
    "Item Supplier.csv": "parent,supplier\nBOLT,Acme",
    "Bin.csv": "item_code,warehouse,actual_qty,reserved_qty,projected_qty\nBOLT,Stores - A,40,5,940",
    "Purchase Order.csv": """
name,supplier,transaction_date,status,docstatus,currency
PO-1,Acme,2024-01-05,To Receive and Bill,1,EUR
PO-2,Acme,2024-01-06,Draft,0,EUR
""",
    "Purchase Order Item.csv": """
name,parent,item_code,warehouse,schedule_date,qty,received_qty,uom,conversion_factor,rate
a1,PO-1,BOLT,Stores - A,2024-01-15,9,0,Box,100,8
a2,PO-2,BOLT,Stores - A,2024-01-15,1,0,Crate,,8
""",
    "UOM Conversion Detail.csv": "parent,uom,conversion_factor\nBOLT,Box,100",
}


def test_erpnext(tmp_path: Path):
    found = read(tmp_path, "erpnext", ERPNEXT)
    assert found.codes == []
    assert found.rows("item", "item_id", "unit_cost", "lifecycle", "end_date") == [
        ("BOLT", 0.1, "active", None)
    ]
    assert found.rows("item_supplier", "supplier_id", "lead_time_days", "order_minimum") == [
        ("Acme", 10.0, 500.0)
    ]
    assert found.rows("uom_conversion", "item_id", "from_uom", "to_uom", "factor") == [
        ("BOLT", "Box", "Nos", 100.0)
    ]


def test_erpnext_a_missing_factor_is_not_one(tmp_path: Path):
    found = read(tmp_path, "erpnext", ERPNEXT)
    assert found.rows("purchase_order", "qty_ordered", "uom", "status") == [
        (9.0, "Box", "open"), (1.0, "Crate", "draft"),
    ]  # fmt: skip
    assert "Crate" not in [unit for (unit,) in found.rows("uom_conversion", "from_uom")]


def test_erpnext_projected_stock_is_not_stock(tmp_path: Path):
    assert read(tmp_path, "erpnext", ERPNEXT).rows("inventory", "on_hand", "reserved") == [(40.0, 5.0)]


# --- SAP --------------------------------------------------------------------------------------------------

SAP = {
    "MARA.csv": "MATNR,MATKL,MEINS,MHDHB\n000000000000100023,TOOLS,ST,0\nABC,TOOLS,ST,30",
    "MBEW.csv": """
MATNR,BWTAR,VPRSV,STPRS,VERPR,PEINH
000000000000100023,,S,1250.00,0.00,100
ABC,,V,0.00,7.50,1
""",
    "MARD.csv": """
MATNR,WERKS,LGORT,LABST,INSME,SPEME
000000000000100023,1000,0001,10.000,2.000,1.000
000000000000100023,1000,0002,5.000,0.000,0.000
""",
    "MARC.csv": "MATNR,WERKS,PLIFZ,WEBAZ,MINBE,MABST,EISBE\n000000000000100023,1000,12,1,20.000,80.000,0.000",
    "EINA.csv": "INFNR,MATNR,LIFNR,MEINS\n5300000001,000000000000100023,0000100001,ST",
    "EINE.csv": "INFNR,WERKS,LOEKZ,APLFZ,MINBM,NETPR,WAERS,PEINH\n5300000001,1000,,0,10.000,1300.00,EUR,100",
    "EKKO.csv": "EBELN,LIFNR,BEDAT,WAERS\n4500000001,0000100001,20240105,EUR",
    "EKPO.csv": """
EBELN,EBELP,MATNR,WERKS,MEINS,NETPR,PEINH,LOEKZ,ELIKZ
4500000001,00010,000000000000100023,1000,ST,1300.00,100,,
4500000001,00020,000000000000100023,1000,ST,1300.00,100,L,
4500000001,00030,000000000000100023,1000,ST,1300.00,100,,X
""",
    "EKET.csv": """
EBELN,EBELP,ETENR,EINDT,MENGE,WEMNG
4500000001,00010,0001,20240119,50.000,0.000
4500000001,00020,0001,20240119,50.000,0.000
4500000001,00030,0001,00000000,50.000,50.000
""",
    "EKBE.csv": """
EBELN,EBELP,BEWTP,BWART,BUDAT,MENGE
4500000001,00030,E,101,20240118,60.000
4500000001,00030,E,102,20240118,10.000
4500000001,00030,Q,,20240120,50.000
""",
}
POINT = 'decimal = "."\nas_of = "2024-01-31"'


def test_sap(tmp_path: Path):
    found = read(tmp_path, "sap", SAP, POINT)
    assert found.codes == []
    assert found.rows("inventory", "location_id", "on_hand", "quality_hold", "blocked") == [
        ("1000", 18.0, 2.0, 1.0)
    ]
    assert found.rows("item_supplier", "item_id", "supplier_id", "lead_time_days", "receiving_days") == [
        ("000000000000100023", "0000100001", 12.0, 1.0)
    ]
    assert found.rows("purchase_order", "line_id", "due_date", "qty_ordered", "status") == [
        ("00010", date(2024, 1, 19), 50.0, "open"), ("00020", date(2024, 1, 19), 50.0, "cancelled"),
        ("00030", None, 50.0, "closed"),
    ]  # fmt: skip


def test_sap_prices_are_for_a_number_of_units(tmp_path: Path):
    found = read(tmp_path, "sap", SAP, POINT)
    costs = {row[0]: row[1] for feed in found.feeds if feed.table == "item" for row in feed.frame.select(
        "item_id", "unit_cost"
    ).rows()}  # fmt: skip
    assert costs == {"000000000000100023": "12.5", "ABC": "7.5"}
    assert found.rows("item_supplier", "unit_cost", "price_per") == [(1300.0, 100.0)]
    assert found.rows("purchase_order", "unit_price")[0] == (13.0,)


def test_sap_material_numbers_are_padded_by_declaration(tmp_path: Path):
    assert read(tmp_path, "sap", SAP, POINT).info.declarations.pad["item_id"] == 18


def test_sap_receipts_are_net_of_reversals(tmp_path: Path):
    assert read(tmp_path, "sap", SAP, POINT).rows("receipt", "line_id", "receipt_date", "qty") == [
        ("00030", date(2024, 1, 18), 50.0)
    ]


def test_sap_undeclared_separators_are_not_guessed(tmp_path: Path):
    found = read(
        tmp_path, "sap", {"MARD.csv": "MATNR,WERKS,LGORT,LABST,INSME,SPEME\nA,1,1,1.234,2.000,1.000"}
    )
    parsed = parse_feed_column(found.feed("inventory"), TABLES["inventory"]["on_hand"])
    assert parsed.verdict is not None
    assert parsed.verdict.code == "NUM-002"


def test_sap_a_minus_stands_behind_its_number(tmp_path: Path):
    files = {"MARD.csv": "MATNR,WERKS,LGORT,LABST,INSME,SPEME\nA,1,1,4.000-,0.000,0.000"}
    assert read(tmp_path, "sap", files, POINT).rows("inventory", "on_hand") == [(-4.0,)]


# --- frePPLe ----------------------------------------------------------------------------------------------

FREPPLE = {
    "item.csv": "name,description,category,cost\nchair,Chair,furniture,25\nleg,Leg,,2",
    "location.csv": "name,description\nfactory,Factory",
    "itemsupplier.csv": """
item,supplier,location,leadtime,sizeminimum,sizemultiple,cost,priority
leg,wood inc,factory,7,1,50,2,0
""",
    "buffer.csv": "item,location,onhand\nleg,factory,30\nchair,factory,",
    "inventoryplanning.csv": "item,location,service_level,ss_qty\nleg,factory,97.5,10",
    "operation.csv": "name,item,location\nmake chair,chair,factory",
    "operationmaterial.csv": "operation,item,quantity,type\nmake chair,chair,1,end\nmake chair,leg,-4,start",
    "purchaseorder.csv": """
reference,item,location,supplier,ordering_date,receipt_date,quantity,status
1,leg,factory,wood inc,2024-01-01 00:00:00,2024-01-08 00:00:00,100,confirmed
2,leg,factory,wood inc,2024-01-02 00:00:00,2024-01-09 00:00:00,100,proposed
""",
}


def test_frepple(tmp_path: Path):
    found = read(tmp_path, "frepple", FREPPLE)
    assert found.codes == []
    assert found.rows("item", "item_id", "base_uom", "unit_cost")[0] == ("chair", "EA", 25.0)
    assert found.feed("item").frame["_assumed"].to_list() == ["base_uom", "base_uom"]
    assert found.rows("purchase_order", "po_id", "status", "firm") == [
        ("1", "open", True),
        ("2", "draft", False),
    ]


def test_frepple_its_default_minimum_is_none_and_priority_zero_is_manual(tmp_path: Path):
    found = read(tmp_path, "frepple", FREPPLE)
    assert found.rows("item_supplier", "order_minimum", "order_multiple", "priority") == [(None, 50.0, 0)]


def test_frepple_service_levels_are_percent(tmp_path: Path):
    assert read(tmp_path, "frepple", FREPPLE).rows("item_location", "service_target") == [(0.975,)]


def test_frepple_consumption_is_negative_there_and_positive_here(tmp_path: Path):
    found = read(tmp_path, "frepple", FREPPLE)
    assert found.rows("bom", "parent_id", "component_id", "qty_per") == [("chair", "leg", 4.0)]
    assert found.feed("bom").ignored == 1


def test_frepple_missing_stock_is_not_zero(tmp_path: Path):
    assert read(tmp_path, "frepple", FREPPLE).rows("inventory", "item_id", "on_hand") == [
        ("leg", 30.0),
        ("chair", None),
    ]


# --- all of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["odoo", "erpnext", "sap", "frepple"])
def test_files_and_optional_columns_may_be_absent(tmp_path: Path, system: str):
    key = {"odoo": ("product.product.csv", "id,uom_id"), "erpnext": ("Item.csv", "name,stock_uom"),
           "sap": ("T001W.csv", "WERKS,X"), "frepple": ("item.csv", "name,x")}[system]  # fmt: skip
    found = read(tmp_path, system, {key[0]: f"{key[1]}\nA,EA"})
    assert found.codes == []
    assert len(found.feeds) == 1


def test_a_table_whose_columns_were_not_exported_is_left_out(tmp_path: Path):
    found = read(tmp_path, "odoo", {"stock.quant.csv": ODOO["stock.quant.csv"]})
    assert [feed.table for feed in found.feeds] == ["inventory"]
    assert found.codes == []


def test_a_file_of_the_system_is_no_canonical_file_of_that_name(tmp_path: Path):
    files = {name: FREPPLE[name] for name in ("operation.csv", "operationmaterial.csv")}
    assert {feed.table for feed in read(tmp_path, "frepple", files).feeds} == {"operation", "bom"}


def test_a_file_that_cannot_fill_a_required_column_is_refused(tmp_path: Path):
    found = read(tmp_path, "odoo", {"product.product.csv": "default_code,name\nA,Desk"})
    assert found.codes == ["SCH-001"]
    assert found.log.to_frame()["column"].item() == "base_uom"
    assert found.feeds == []
