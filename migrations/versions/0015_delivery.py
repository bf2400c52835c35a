"""How goods travel: methods with zones and rates, hubs, pickup points, what was agreed for an order, shipments.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carrier",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name_zh", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("numbered", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("account", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier")),
        sa.UniqueConstraint("code", name=op.f("uq_carrier_code")),
    )
    op.create_table(
        "hub",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("hours", sa.String(length=80), nullable=False),
        sa.Column("keeper", sa.String(length=20), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_hub_valid_span")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_hub_area_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hub_public_id")),
    )
    op.create_index(op.f("ix_hub_area_code"), "hub", ["area_code"])
    op.create_index(op.f("ix_hub_keeper"), "hub", ["keeper"])
    op.create_table(
        "pickup_point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("hours", sa.String(length=80), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("capacity BETWEEN 0 AND 100000", name=op.f("ck_pickup_point_capacity_range")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_pickup_point_valid_span")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_pickup_point_area_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickup_point")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pickup_point_public_id")),
    )
    op.create_index(op.f("ix_pickup_point_area_code"), "pickup_point", ["area_code"])
    op.create_table(
        "delivery_method",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name_zh", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("origin_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("carrier_id", sa.BigInteger(), nullable=True),
        sa.Column("hub_id", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("(kind = 'hub') = (hub_id IS NOT NULL)", name=op.f("ck_delivery_method_hub_if_hub")),
        sa.CheckConstraint("kind IN ('courier', 'pickup', 'hub')", name=op.f("ck_delivery_method_kind_known")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_delivery_method_valid_span")),
        sa.ForeignKeyConstraint(["carrier_id"], ["carrier.id"], name=op.f("fk_delivery_method_carrier_id_carrier")),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name=op.f("fk_delivery_method_hub_id_hub")),
        sa.ForeignKeyConstraint(["origin_code"], ["area.code"], name=op.f("fk_delivery_method_origin_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_method")),
        sa.UniqueConstraint("public_id", name=op.f("uq_delivery_method_public_id")),
    )
    op.create_index(op.f("ix_delivery_method_hub_id"), "delivery_method", ["hub_id"])
    op.create_index(op.f("ix_delivery_method_origin_code"), "delivery_method", ["origin_code"])
    op.create_table(
        "delivery_zone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("method_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("days_from", sa.SmallInteger(), nullable=False),
        sa.Column("days_to", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("method_id"), "="),
            (sa.text("coalesce(area_code, '')"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_delivery_zone_one_a_day",
        ),
        sa.CheckConstraint("days_from BETWEEN 0 AND days_to AND days_to <= 60", name=op.f("ck_delivery_zone_days_range")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_delivery_zone_valid_span")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_delivery_zone_area_code_area")),
        sa.ForeignKeyConstraint(["method_id"], ["delivery_method.id"], name=op.f("fk_delivery_zone_method_id_delivery_method")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_zone")),
    )
    op.create_index(op.f("ix_delivery_zone_method_id"), "delivery_zone", ["method_id"])
    op.create_table(
        "shipment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("hub_id", sa.BigInteger(), nullable=True),
        sa.Column("carrier_id", sa.BigInteger(), nullable=True),
        sa.Column("tracking_number", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("resolved_at IS NULL OR state IN ('lost', 'returned')", name=op.f("ck_shipment_resolved_was_due")),
        sa.CheckConstraint("state <> 'at_hub' OR hub_id IS NOT NULL", name=op.f("ck_shipment_hub_if_at_hub")),
        sa.CheckConstraint(
            "state IN ('packed', 'at_hub', 'handed_over', 'in_transit', 'delivered', 'lost', 'returned')",
            name=op.f("ck_shipment_state_known"),
        ),
        sa.ForeignKeyConstraint(["carrier_id"], ["carrier.id"], name=op.f("fk_shipment_carrier_id_carrier")),
        sa.ForeignKeyConstraint(["group_id"], ["order_group.id"], name=op.f("fk_shipment_group_id_order_group")),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name=op.f("fk_shipment_hub_id_hub")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("carrier_id", "tracking_number", name=op.f("uq_shipment_carrier_id_tracking_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_shipment_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_shipment_reference")),
    )
    op.create_index(op.f("ix_shipment_group_id"), "shipment", ["group_id"])
    op.create_index("ix_shipment_hub_id_id", "shipment", ["hub_id", "id"], postgresql_where=sa.text("hub_id IS NOT NULL"))
    op.create_index(
        "ix_shipment_to_resolve",
        "shipment",
        ["id"],
        postgresql_where=sa.text("state IN ('lost', 'returned') AND resolved_at IS NULL"),
    )
    op.create_index(
        "uq_shipment_gathering",
        "shipment",
        ["group_id", "hub_id"],
        unique=True,
        postgresql_where=sa.text("hub_id IS NOT NULL AND state IN ('packed', 'at_hub')"),
    )
    op.create_table(
        "delivery_rate",
        sa.Column("zone_id", sa.BigInteger(), nullable=False),
        sa.Column("temperature", sa.String(length=8), nullable=False),
        sa.Column("first_kg_fen", sa.BigInteger(), nullable=False),
        sa.Column("each_kg_fen", sa.BigInteger(), nullable=False),
        sa.Column("free_from_fen", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("temperature IN ('ambient', 'chilled', 'frozen')", name=op.f("ck_delivery_rate_temperature_known")),
        sa.CheckConstraint(
            "0 <= each_kg_fen AND each_kg_fen <= first_kg_fen AND first_kg_fen <= 1000000",
            name=op.f("ck_delivery_rate_rate_range"),
        ),
        sa.CheckConstraint("free_from_fen IS NULL OR free_from_fen > 0", name=op.f("ck_delivery_rate_free_from_positive")),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["delivery_zone.id"], name=op.f("fk_delivery_rate_zone_id_delivery_zone"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("zone_id", "temperature", name=op.f("pk_delivery_rate")),
    )
    op.create_table(
        "order_delivery",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("method_id", sa.BigInteger(), nullable=False),
        sa.Column("name_zh", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("hub_id", sa.BigInteger(), nullable=True),
        sa.Column("pickup_point_id", sa.BigInteger(), nullable=True),
        sa.Column("place_zh", sa.String(length=60), nullable=False),
        sa.Column("place_en", sa.String(length=80), nullable=False),
        sa.Column("place_address", sa.String(length=300), nullable=False),
        sa.Column("temperature", sa.String(length=8), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("arrives_from", sa.Date(), nullable=False),
        sa.Column("arrives_to", sa.Date(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("(kind = 'hub') = (hub_id IS NOT NULL)", name=op.f("ck_order_delivery_hub_if_hub")),
        sa.CheckConstraint("(kind = 'pickup') = (pickup_point_id IS NOT NULL)", name=op.f("ck_order_delivery_point_if_pickup")),
        sa.CheckConstraint("kind IN ('courier', 'pickup', 'hub')", name=op.f("ck_order_delivery_kind_known")),
        sa.CheckConstraint("temperature IN ('ambient', 'chilled', 'frozen')", name=op.f("ck_order_delivery_temperature_known")),
        sa.CheckConstraint("arrives_to >= arrives_from", name=op.f("ck_order_delivery_window_whole")),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name=op.f("fk_order_delivery_hub_id_hub")),
        sa.ForeignKeyConstraint(
            ["method_id"], ["delivery_method.id"], name=op.f("fk_order_delivery_method_id_delivery_method")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_delivery_order_id_order")),
        sa.ForeignKeyConstraint(
            ["pickup_point_id"], ["pickup_point.id"], name=op.f("fk_order_delivery_pickup_point_id_pickup_point")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_delivery")),
    )
    op.create_index(op.f("ix_order_delivery_hub_id"), "order_delivery", ["hub_id"])
    op.create_index(op.f("ix_order_delivery_method_id"), "order_delivery", ["method_id"])
    op.create_index(op.f("ix_order_delivery_pickup_point_id"), "order_delivery", ["pickup_point_id"])
    op.create_table(
        "shipment_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shipment_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "kind IN ('packed', 'at_hub', 'handed_over', 'in_transit', 'delivered', 'lost', 'returned')",
            name=op.f("ck_shipment_event_kind_known"),
        ),
        sa.CheckConstraint(
            "source IN ('seller', 'hub', 'carrier', 'buyer', 'operator')", name=op.f("ck_shipment_event_source_known")
        ),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_event_shipment_id_shipment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_event")),
        sa.UniqueConstraint("shipment_id", "external_id", name=op.f("uq_shipment_event_shipment_id_external_id")),
    )
    op.create_index(op.f("ix_shipment_event_shipment_id"), "shipment_event", ["shipment_id"])
    op.create_table(
        "shipment_order",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("shipment_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_shipment_order_order_id_order")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_order_shipment_id_shipment")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_shipment_order")),
    )
    op.create_index(op.f("ix_shipment_order_shipment_id"), "shipment_order", ["shipment_id"])
    op.add_column("listing", sa.Column("temperature", sa.String(length=8), server_default="ambient", nullable=False))
    op.add_column("order", sa.Column("delivery_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "order",
        sa.Column("goods_fen", sa.BigInteger(), sa.Computed("total_fen - delivery_fen", persisted=True), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_listing_temperature_known"), "listing", "temperature IN ('ambient', 'chilled', 'frozen')"
    )
    op.create_check_constraint(
        op.f("ck_order_goods_and_delivery"),
        "order",
        "delivery_fen >= 0 AND goods_fen > 0 AND goods_fen + delivery_fen = total_fen",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_order_goods_and_delivery"), "order", type_="check")
    op.drop_column("order", "goods_fen")
    # What buyers paid for freight stays in the totals, which the ledger holds.
    op.drop_column("order", "delivery_fen")
    op.drop_column("listing", "temperature")
    for table in (
        "shipment_order",
        "shipment_event",
        "order_delivery",
        "delivery_rate",
        "shipment",
        "delivery_zone",
        "delivery_method",
        "pickup_point",
        "hub",
        "carrier",
    ):
        op.drop_table(table)
