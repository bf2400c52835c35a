"""Served lists by month and under several policies, and what new listings have been shown."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MARKET_ZONE = ZoneInfo("Asia/Shanghai")


def upgrade() -> None:
    op.create_table(
        "listing_exposure",
        sa.Column("listing_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("exposure", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("listing_id", name="pk_listing_exposure"),
    )
    op.create_index(
        "ix_listing_published_at", "listing", ["published_at"], unique=False, postgresql_where=sa.text("state = 'on_sale'")
    )
    # In a schema of its own the old table keeps its names out of the way of the new one's.
    op.execute("CREATE SCHEMA partitions")
    op.execute("ALTER TABLE served_list SET SCHEMA partitions")
    op.execute("CREATE SEQUENCE served_list_id_seq AS bigint")
    op.create_table(
        "served_list",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('served_list_id_seq'::regclass)"), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("surface", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("model_version_id", sa.Integer(), nullable=True),
        sa.Column("listing_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("policy_ids", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("position_weights", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("relevance", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("propensity", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("benefit_bp", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("exposure", sa.Double(), nullable=False),
        sa.Column("registered_exposure", sa.Double(), nullable=False),
        sa.Column("kept_utility", sa.Double(), nullable=True),
        sa.Column("multipliers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"], ["model_version.id"], name="fk_served_list_model_version_id_model_version"
        ),
        sa.PrimaryKeyConstraint("id", "at", name="pk_served_list"),
        postgresql_partition_by="RANGE (at)",
    )
    op.execute("ALTER SEQUENCE served_list_id_seq OWNED BY served_list.id")
    op.create_index("ix_served_list_account_id", "served_list", ["account_id"], unique=False)
    op.create_index("ix_served_list_public_id", "served_list", ["public_id"], unique=False)
    op.create_index("ix_served_list_at", "served_list", ["at"], unique=False, postgresql_using="brin")
    op.execute("CREATE TABLE partitions.served_list_default PARTITION OF served_list DEFAULT")
    for first, after in _months_to_make():
        op.execute(
            f"CREATE TABLE partitions.served_list_{first:%Y_%m} PARTITION OF served_list"
            f" FOR VALUES FROM ('{_begin(first)}') TO ('{_begin(after)}')"
        )
    op.execute(
        """
        INSERT INTO served_list (id, public_id, at, surface, account_id, model_version_id, listing_ids, policy_ids, position_weights,
            relevance, propensity, benefit_bp, exposure, registered_exposure, multipliers)
        SELECT id, public_id, at, surface, account_id, model_version_id, listing_ids,
            array_fill(policy_id, ARRAY[cardinality(listing_ids)]),
            ARRAY(SELECT ln(2) / ln(place + 1) FROM generate_series(1, cardinality(listing_ids)) AS place ORDER BY place),
            relevance, propensity, benefit_bp, exposure, registered_exposure,
            CASE WHEN policy_id IS NULL THEN multipliers
            ELSE jsonb_build_object(
                'guard', multipliers -> 'guard', 'policies', jsonb_build_object(policy_id, multipliers - 'guard')
            ) END
        FROM partitions.served_list
        """
    )
    op.execute("SELECT setval('served_list_id_seq', coalesce(max(id), 0) + 1, false) FROM served_list")
    op.execute("DROP TABLE partitions.served_list")


def _months_to_make() -> list[tuple[date, date]]:
    """The first days of the months from the oldest list to two months from now, each with that of the month after."""
    connection = op.get_bind()
    now = connection.execute(sa.text("SELECT now()")).scalar_one()
    oldest = connection.execute(sa.text("SELECT min(at) FROM partitions.served_list")).scalar_one()
    begin, last = min(oldest or now, now).astimezone(MARKET_ZONE), now.astimezone(MARKET_ZONE)
    numbers = range(begin.year * 12 + begin.month - 1, last.year * 12 + last.month + 2)
    return [(_first_day(number), _first_day(number + 1)) for number in numbers]


def _first_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _begin(day: date) -> str:
    return datetime.combine(day, time(), MARKET_ZONE).astimezone(UTC).isoformat()


def downgrade() -> None:
    op.execute("ALTER TABLE served_list SET SCHEMA partitions")
    op.create_table(
        "served_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("surface", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("policy_id", sa.Integer(), nullable=True),
        sa.Column("model_version_id", sa.Integer(), nullable=True),
        sa.Column("listing_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("relevance", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("propensity", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("benefit_bp", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("exposure", sa.Double(), nullable=False),
        sa.Column("registered_exposure", sa.Double(), nullable=False),
        sa.Column("multipliers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"], ["model_version.id"], name="fk_served_list_model_version_id_model_version"
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["tilt_policy.id"], name="fk_served_list_policy_id_tilt_policy"),
        sa.PrimaryKeyConstraint("id", name="pk_served_list"),
        sa.UniqueConstraint("public_id", name="uq_served_list_public_id"),
    )
    op.execute(
        """
        INSERT INTO served_list (id, public_id, at, surface, account_id, policy_id, model_version_id, listing_ids,
            relevance, propensity, benefit_bp, exposure, registered_exposure, multipliers)
        SELECT id, public_id, at, surface, account_id,
            (SELECT min(policy_id) FROM unnest(policy_ids) AS policy_id), model_version_id, listing_ids,
            relevance, propensity, benefit_bp, exposure, registered_exposure,
            (multipliers - 'policies') || coalesce(
                multipliers -> 'policies' -> (SELECT min(policy_id)::text FROM unnest(policy_ids) AS policy_id), '{}'
            )
        FROM partitions.served_list
        """
    )
    op.execute("SELECT setval(pg_get_serial_sequence('served_list', 'id'), coalesce(max(id), 0) + 1, false) FROM served_list")
    op.create_index("ix_served_list_account_id", "served_list", ["account_id"], unique=False)
    op.create_index("ix_served_list_policy_id_at", "served_list", ["policy_id", "at"], unique=False)
    op.execute("DROP SCHEMA partitions CASCADE")
    op.drop_index("ix_listing_published_at", table_name="listing", postgresql_where=sa.text("state = 'on_sale'"))
    op.drop_table("listing_exposure")
