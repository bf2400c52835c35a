"""Accounts, roles, second factors, tokens, attempts, mandates, consents."""

import enum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import AreaCode, Id, Moment, PublicId

_OWNER_AND_PURPOSE = ("owner_kind", "owner_id", "purpose")


class RoleKind(enum.StrEnum):
    """What an account may do; where it may do it is the role's area."""

    CONSUMER = "consumer"
    FARMER = "farmer"
    ENTERPRISE = "enterprise"
    OFFICER = "officer"
    OPERATOR = "operator"
    # Reads all of an area that concerns public money, and changes nothing.
    AUDITOR = "auditor"


class Account(Base):
    """A person who signs in with a phone number, an e-mail address or a name given by the office."""

    __tablename__ = "account"
    __table_args__ = (
        # Sign-in compares lower case, so two names that differ in case alone would be one person or two by chance.
        CheckConstraint("login = lower(login)", name="login_lower"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    login: Mapped[str] = mapped_column(String(120), unique=True)
    display_name: Mapped[str] = mapped_column(String(60))
    # Empty for an account nobody can sign in to, such as one that only carries a past purchase.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str | None] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    # Part of every session; raising it signs the account out everywhere.
    session_epoch: Mapped[int] = mapped_column(default=0)
    # Since when signing in asks for a code besides the password; read with every request, and so kept here.
    second_factor_since: Mapped[Moment | None]
    created_at: Mapped[Moment]

    roles: Mapped[list["Role"]] = relationship(back_populates="account", lazy="selectin", order_by="Role.id")


class Role(Base):
    """A kind of work inside an area."""

    __tablename__ = "role"
    __table_args__ = (
        # The same role twice would have to be taken away twice.
        UniqueConstraint("account_id", "kind", "scope_code"),
        CheckConstraint("kind IN ('consumer', 'farmer', 'enterprise', 'officer', 'operator', 'auditor')", name="kind_known"),
        CheckConstraint("kind NOT IN ('officer', 'auditor') OR scope_code <> ''", name="officer_has_area"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    scope_code: Mapped[AreaCode] = mapped_column(default="")

    account: Mapped[Account] = relationship(back_populates="roles")


class SecondFactor(Base):
    """A secret shared with the app on a person's phone, which makes codes of it by the time (RFC 6238)."""

    __tablename__ = "second_factor"
    __table_args__ = (
        # One that codes are checked against, and beside it at most one that waits for its first code.
        Index("uq_second_factor_account_id", "account_id", unique=True, postgresql_where=text("confirmed_at IS NOT NULL")),
        Index("uq_second_factor_waiting", "account_id", unique=True, postgresql_where=text("confirmed_at IS NULL")),
        CheckConstraint("(confirmed_at IS NULL) = (last_step IS NULL)", name="confirmed_by_a_code"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    # In base 32, as apps read it.
    secret: Mapped[str] = mapped_column(Encrypted("second_factor.secret"))
    made_at: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    # The time step of the last code that was taken: no code is taken twice.
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code on paper that stands in once for the phone, kept as a keyed digest."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    made_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class AccessToken(Base):
    """A bearer token for programs, kept as a digest. Its account gave it a name if it is to hold for long."""

    __tablename__ = "access_token"
    __table_args__ = (
        # A list without a word would allow nothing and be taken for one that allows everything.
        CheckConstraint("scopes IS NULL OR cardinality(scopes) > 0", name="scopes_not_empty"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(60), default="", server_default=text("''"))
    # What the token is good for, as ``orders:read``; empty for all that its account may do.
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(String(40)))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]

    account: Mapped[Account] = relationship()


class SignInAttempt(Base):
    """One failed attempt, kept for as long as it counts."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_login_at", "login", "at"),
        Index("ix_sign_in_attempt_address_at", "address", "at"),
    )

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(45))
    at: Mapped[Moment]


class Scope(enum.StrEnum):
    """What a mandate lets its holder do in somebody's name."""

    LIST = "list"
    STOCK = "stock"
    SHIP = "ship"
    RECEIVE_MONEY = "receive_money"
    ANSWER = "answer"


class HolderRole(enum.StrEnum):
    """As what somebody holds a mandate: the right to hold it ends with the role."""

    OFFICER = "officer"
    COOPERATIVE = "cooperative"


class EvidenceKind(enum.StrEnum):
    """How a household has said yes."""

    PAPER = "paper"
    THUMBPRINT = "thumbprint"
    VOICE = "voice"
    IN_PERSON = "in_person"
    SIGNED_IN = "signed_in"


class MandateState(enum.StrEnum):
    """Where a mandate stands; only one in force lets anybody do anything."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REVOKED = "revoked"
    EXPIRED = "expired"
    DENIED = "denied"


class Answered(enum.StrEnum):
    """The way a household's word has reached us."""

    SIGNED_IN = "signed_in"
    CODE = "code"
    TOLD_OFFICER = "told_officer"
    HOLDER = "holder"
    TIME = "time"


class Mandate(Base):
    """The right of an account to act in the name of a seller, as far and as long as the seller has agreed to.

    ``principal_*`` names the seller as whoever stands above identity knows it. Mandates may overlap; none is ever altered: a
    wider or longer one is a new one, with its own consent.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint("ends_at > begins_at", name="ends_after_beginning"),
        CheckConstraint("holder_role IN ('officer', 'cooperative')", name="holder_role_known"),
        CheckConstraint("state IN ('proposed', 'in_force', 'revoked', 'expired', 'denied')", name="state_known"),
        CheckConstraint("(state IN ('revoked', 'expired', 'denied')) = (ended_at IS NOT NULL)", name="ended_has_moment"),
        # A mandate for nothing, or for something no rule knows, could only be misread.
        CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['list', 'stock', 'ship', 'receive_money', 'answer']::varchar[]",
            name="scopes_known",
        ),
        # Nobody hands a right to themselves.
        CheckConstraint("given_by_id IS NULL OR given_by_id <> holder_id", name="giver_is_not_holder"),
        # Consent that somebody else wrote down can be looked at; consent by signing in names the account. Long after the end of
        # a mandate its picture is deleted, and the row stays.
        CheckConstraint(
            "CASE evidence_kind WHEN 'paper' THEN evidence_picture <> '' OR ended_at IS NOT NULL"
            " WHEN 'thumbprint' THEN evidence_picture <> '' OR ended_at IS NOT NULL"
            " WHEN 'voice' THEN evidence_note <> '' WHEN 'in_person' THEN evidence_note <> ''"
            " WHEN 'signed_in' THEN given_by_id IS NOT NULL OR state <> 'in_force' ELSE false END",
            name="evidence_is_there",
        ),
        Index("ix_mandate_principal_id_principal_kind", "principal_id", "principal_kind"),
        Index("ix_mandate_holder_id_state", "holder_id", "state"),
        Index("ix_mandate_state_ends_at", "state", "ends_at"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    holder_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    holder_role: Mapped[str] = mapped_column(String(12))
    principal_kind: Mapped[str] = mapped_column(String(24))
    principal_id: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    state: Mapped[str] = mapped_column(String(12))
    begins_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    evidence_kind: Mapped[str] = mapped_column(String(12))
    evidence_note: Mapped[str] = mapped_column(String(400), default="")
    # The name under which the picture of the paper is kept; empty where there is none.
    evidence_picture: Mapped[str] = mapped_column(String(64), default="")
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[Moment]
    # The household's own account, where it agreed by signing in; the mandate lives no longer than that account's right.
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[Moment | None]
    ended_how: Mapped[str | None] = mapped_column(String(12))

    holder: Mapped[Account] = relationship(foreign_keys=[holder_id])
    recorded_by: Mapped[Account] = relationship(foreign_keys=[recorded_by_id])
    given_by: Mapped[Account | None] = relationship(foreign_keys=[given_by_id])


class AnswerCode(Base):
    """A short secret in a notice that lets its reader answer once without signing in, kept as a digest."""

    __tablename__ = "answer_code"

    id: Mapped[Id]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    mandate_id: Mapped[int] = mapped_column(ForeignKey("mandate.id"), index=True)
    # What the notice was about, if not the mandate itself.
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]

    mandate: Mapped[Mandate] = relationship()


class NoticeContact(Base):
    """Where and when somebody wants to be told: an account, or a seller whose household has none."""

    __tablename__ = "notice_contact"
    __table_args__ = (
        UniqueConstraint("owner_kind", "owner_id"),
        CheckConstraint("channel IN ('sms', 'email', 'none')", name="channel_known"),
        CheckConstraint("channel <> 'sms' OR phone <> ''", name="sms_has_phone"),
        CheckConstraint("channel <> 'email' OR email <> ''", name="email_has_address"),
    )

    id: Mapped[Id]
    owner_kind: Mapped[str] = mapped_column(String(24))
    owner_id: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(8))
    phone: Mapped[str] = mapped_column(String(20), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    # Nothing between nine in the evening and eight in the morning.
    quiet_at_night: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[Moment]


class Consent(Base):
    """That somebody has agreed to one purpose, in words of which the version is kept; it counts until it is withdrawn."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("how IN ('signed_in', 'paper', 'thumbprint', 'voice', 'in_person')", name="how_known"),
        CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name="withdrawn_after_given"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"),
        # Two in force at once would both have to be withdrawn.
        Index("uq_consent_in_force", *_OWNER_AND_PURPOSE, unique=True, postgresql_where=text("withdrawn_at IS NULL")),
        Index("ix_consent_owner_id_owner_kind", "owner_id", "owner_kind"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    # Whose word it is: an account, or a seller or household whose people have none.
    owner_kind: Mapped[str] = mapped_column(String(24))
    owner_id: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(40))
    text_version: Mapped[str] = mapped_column(String(20))
    how: Mapped[str] = mapped_column(String(12))
    given_at: Mapped[Moment]
    # The account, or the command, that wrote it down.
    recorded_by: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[Moment | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))


class AccountClosure(Base):
    """That a person wants their account closed: when they asked, from when on it may be done, and the proof that it was.

    Its public id is all that is left in the person's hands afterwards; nothing here names them.
    """

    __tablename__ = "account_closure"
    __table_args__ = (
        CheckConstraint("due_at > asked_at", name="due_after_asking"),
        CheckConstraint("taken_back_at IS NULL OR done_at IS NULL", name="one_end"),
        CheckConstraint("(done_at IS NULL) = (proof IS NULL)", name="done_has_proof"),
        # Who has asked twice would have to take it back twice.
        Index("uq_account_closure_open", "account_id", unique=True, postgresql_where=text("taken_back_at IS NULL")),
        Index("ix_account_closure_due_at", "due_at", postgresql_where=text("taken_back_at IS NULL AND done_at IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[Moment]
    due_at: Mapped[Moment]
    taken_back_at: Mapped[Moment | None]
    done_at: Mapped[Moment | None]
    # How many rows were deleted or emptied, by table.
    proof: Mapped[dict[str, int] | None] = mapped_column(JSONB)
