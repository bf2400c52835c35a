"""What goods can show for themselves: photos, certificates, protected names of origin."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models.goods import Product
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Id, Moment, PublicId

MOST_PHOTOS = 8


class ListingPhoto(Base):
    """A photo of a listing, by its place in the row; ``width`` and ``height`` are those of the picture's largest form."""

    __tablename__ = "listing_photo"
    __table_args__ = (
        # The same picture twice in one row of photos shows nothing new.
        UniqueConstraint("listing_id", "name"),
        # Two photos cannot be the first; checked at the end, because moving one moves its neighbours.
        UniqueConstraint("listing_id", "position", deferrable=True, initially="DEFERRED"),
        # With the rule above no listing has more than eight, whoever adds two at once.
        CheckConstraint(f"position BETWEEN 0 AND {MOST_PHOTOS - 1}", name="position_range"),
        CheckConstraint("width > 0 AND height > 0", name="has_size"),
        # Who cannot see the photo is told what it shows.
        CheckConstraint("alt_zh <> '' AND alt_en <> ''", name="says_what_it_shows"),
        # Whether anybody may see a picture, and who else shows the same one.
        Index("ix_listing_photo_name", "name"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    alt_zh: Mapped[str] = mapped_column(String(120))
    alt_en: Mapped[str] = mapped_column(String(160))
    added_at: Mapped[Moment]


class Indication(Base):
    """A geographical indication: a name that only goods of one kind from inside one area may carry."""

    __tablename__ = "indication"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name_zh: Mapped[str] = mapped_column(String(60), unique=True)
    name_en: Mapped[str] = mapped_column(String(80))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"))
    entered_by: Mapped[str] = mapped_column(String(64))
    entered_at: Mapped[Moment]

    product: Mapped[Product] = relationship()


class CertificateKind(enum.StrEnum):
    """What a certificate says of goods."""

    GREEN = "green"
    ORGANIC = "organic"
    POLLUTION_FREE = "pollution_free"
    INDICATION = "indication"
    TEST_REPORT = "test_report"


class CertificateState(enum.StrEnum):
    """How far a certificate has been looked at. Expired is no state: it follows from the day."""

    SUBMITTED = "submitted"
    VERIFIED = "verified"
    REFUSED = "refused"


class Certificate(Base):
    """A paper about a producer's goods, or about one lot. It counts when it was verified, on the days it names."""

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("kind IN ('green', 'organic', 'pollution_free', 'indication', 'test_report')", name="kind_known"),
        CheckConstraint("state IN ('submitted', 'verified', 'refused')", name="state_known"),
        CheckConstraint("valid_to >= valid_from", name="days_in_order"),
        # The right to a protected name is that of one name.
        CheckConstraint("(kind = 'indication') = (indication_id IS NOT NULL)", name="indication_if_protected"),
        CheckConstraint("(state = 'submitted') = (reviewed_at IS NULL)", name="reviewed_has_moment"),
        CheckConstraint("(state = 'refused') = (refusal <> '')", name="refusal_has_reason"),
        CheckConstraint("file_kind IN ('picture', 'pdf')", name="file_kind_known"),
        # A paper is looked at once: the same number of the same kind does not stand in the queue twice.
        Index(
            "uq_certificate_number",
            "producer_id",
            "kind",
            "number",
            unique=True,
            postgresql_where=text("state <> 'refused'"),
        ),
        Index("ix_certificate_submitted", "id", postgresql_where=text("state = 'submitted'")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"), index=True)
    # Empty for one that is about all that the producer sells (of the indication's kind).
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"), index=True)
    indication_id: Mapped[int | None] = mapped_column(ForeignKey("indication.id"))
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[str] = mapped_column(String(60))
    issuer: Mapped[str] = mapped_column(String(80))
    valid_from: Mapped[Day]
    valid_to: Mapped[Day]
    file_kind: Mapped[str] = mapped_column(String(8))
    file_name: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12), default=CertificateState.SUBMITTED)
    submitted_at: Mapped[Moment]
    reviewed_at: Mapped[Moment | None]
    refusal: Mapped[str] = mapped_column(String(200), default="")
    # The moment of the one notice that its last day is near.
    warned_at: Mapped[Moment | None]

    indication: Mapped[Indication | None] = relationship()
