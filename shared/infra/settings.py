"""What a deployment is told from outside: one frozen model per service, read once at the start."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.kernel.identifiers import Organisation, is_organisation

EVALUATION_ISSUER: Final = "https://partners.invalid/evaluation"
"""Tokens of the small issuer that comes with embedded mode; refused everywhere else."""


class BrokerSettings(BaseSettings):
    """How the bus is reached."""

    model_config = SettingsConfigDict(env_prefix="PARTNERS_", frozen=True, extra="ignore")

    embedded: bool = False
    """Evaluation on one machine: allows the evaluation issuer and a simulated clock."""

    bootstrap_servers: str
    broker_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    broker_username: str | None = None
    broker_password: SecretStr | None = None
    broker_ca_file: Path | None = None
    broker_idempotence: bool = True
    """Idempotent producing; off only for the embedded broker, which cannot."""
    broker_replication: int = Field(default=1, ge=1)
    session_timeout_milliseconds: int = Field(default=10_000, ge=1_000)
    heartbeat_interval_milliseconds: int = Field(default=3_000, ge=300)
    fetch_wait_milliseconds: int = Field(default=500, ge=1)


class ServiceSettings(BrokerSettings):
    """Settings every service has, each read from PARTNERS_ and its name in capitals."""

    deployment: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    """The name of this deployment, one per database: `engagement-raj`."""
    organisations: Annotated[tuple[Organisation, ...], NoDecode]
    """The organisations served here, separated by commas."""
    installation: str = Field(default="partners.invalid", pattern=r"^[a-z0-9.-]+$")
    """DNS-style name of the installation; it stands in every log's first event and every proof."""

    database_url: SecretStr
    """The service's own database under its runtime role: postgresql://..."""
    database_pool_size: int = Field(default=8, ge=2, le=100)

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=1, le=65_535)
    service_urls: dict[str, str] = Field(default_factory=dict)
    """Where services answer, by `engagement/RAJ` or by `engagement` with {organisation} in it."""
    machine_token: SecretStr = SecretStr("")
    """The bearer token this service shows to the others."""

    token_issuer: str = EVALUATION_ISSUER
    token_audience: str = "partners"  # noqa: S105 - a name, not a secret
    jwks_url: str | None = None
    jwks_file: Path | None = None

    idempotency_secret: SecretStr
    """Key of the hashes of command bodies kept beside idempotency keys."""
    directory_secret: SecretStr
    """Key under which a token's subject becomes the identifier of an actor."""
    key_encryption_keys: SecretStr
    """JSON object of key id to base64 of 32 bytes, the newest last; wraps the keys of persons."""

    register_folder: Path
    """The organisation register: a folder of files, one per organisation."""
    clock_file: Path | None = None
    """A simulated clock's file; the system clock without it."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("organisations", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        codes = [c.strip() for c in value.split(",")] if isinstance(value, str) else list(value)
        wrong = [code for code in codes if not is_organisation(code)]
        if wrong or not codes:
            raise ValueError(f"These are not organisation codes: {', '.join(wrong) or '(none)'}.")
        return tuple(sorted(set(codes)))

    @model_validator(mode="after")
    def _evaluation_stays_embedded(self) -> Self:
        if not self.embedded and self.token_issuer == EVALUATION_ISSUER:
            raise ValueError(
                "PARTNERS_TOKEN_ISSUER must name your identity provider; "
                "the evaluation issuer is for embedded mode only."
            )
        if not self.embedded and self.clock_file is not None:
            raise ValueError("PARTNERS_CLOCK_FILE is for embedded mode only.")
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("Set one of PARTNERS_JWKS_URL and PARTNERS_JWKS_FILE.")
        if self.jwks_url and not self.embedded and not self.jwks_url.startswith("https://"):
            raise ValueError("PARTNERS_JWKS_URL must be an https address.")
        for name in ("idempotency_secret", "directory_secret"):
            if len(getattr(self, name).get_secret_value()) < 32:
                raise ValueError(f"PARTNERS_{name.upper()} must have at least 32 characters.")
        return self

    def url_of(self, service: str, organisation: str) -> str | None:
        """Where that service answers for that organisation; None when nobody said."""
        exact = self.service_urls.get(f"{service}/{organisation}")
        pattern = exact or self.service_urls.get(service)
        return pattern and pattern.replace("{organisation}", organisation.lower()).rstrip("/")
