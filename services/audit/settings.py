"""What the audit service is told from outside, besides what every service is told."""

from base64 import b64decode
from typing import Self

from pydantic import Field, SecretStr, model_validator

from services.audit.witness import Witness
from services.audit.witnesses import Witnesses
from shared.infra.kit import Kit
from shared.infra.settings import ServiceSettings
from shared.infra.signing import SigningKey, VerifyingKey
from shared.kernel.checkpoint import witness_name


class AuditSettings(ServiceSettings):
    """The auditor signs; as a witness it cosigns what other operators' auditors signed."""

    signing_key: SecretStr
    """Base64 of the 32 bytes of the Ed25519 key that signs checkpoints."""
    retired_signers: tuple[str, ...] = ()
    """Base64 public keys that signed checkpoints here before; what they signed still counts."""
    checkpoint_seconds: float = Field(default=10.0, gt=0)
    """How often a log that has grown gets a checkpoint, in real time."""
    witness_key: SecretStr | None = None
    """Base64 of the 32 bytes of the Ed25519 key that cosigns; never the signing key."""
    witness_organisation: str | None = None
    """The organisation in whose name this process cosigns."""
    witnessed_logs: tuple[str, ...] = ()
    """Verifier keys (C2SP) of the logs this process cosigns checkpoints of."""
    witnesses: tuple[str, ...] = ()
    """Other operators' audit services that cosign for this one: `<address> <verifier key>`."""

    def signer(self) -> SigningKey:
        """The key that signs checkpoints."""
        return SigningKey.from_text(self.signing_key.get_secret_value())

    def publics(self) -> list[bytes]:
        """The public keys whose checkpoints count here, the present one first."""
        return [self.signer().public, *(b64decode(key) for key in self.retired_signers)]

    @model_validator(mode="after")
    def _a_witness_has_name_and_key(self) -> Self:
        if (self.witness_key is None) != (self.witness_organisation is None):
            raise ValueError(
                "Set both PARTNERS_WITNESS_KEY and PARTNERS_WITNESS_ORGANISATION, or neither."
            )
        if any(witness.count(" ") != 1 for witness in self.witnesses):
            raise ValueError("PARTNERS_WITNESSES has an address, a space and a key for each.")
        if self.witness_key == self.signing_key:
            raise ValueError("PARTNERS_WITNESS_KEY must be another key than PARTNERS_SIGNING_KEY.")
        return self

    def witness(self) -> Witness | None:
        """This process as a witness; None when it is none."""
        if self.witness_key is None or self.witness_organisation is None:
            return None
        return Witness(
            witness_name(self.installation, self.witness_organisation),
            SigningKey.from_text(self.witness_key.get_secret_value()),
            [VerifyingKey.parse(key) for key in self.witnessed_logs],
        )

    def other_witnesses(self) -> Witnesses:
        """The witnesses this auditor asks."""
        named = [witness.split(" ", 1) for witness in self.witnesses]
        return Witnesses(
            {url: VerifyingKey.parse(key) for url, key in named},
            self.publics(),
            self.machine_token.get_secret_value(),
        )


def audit_settings(kit: Kit) -> AuditSettings:
    """The settings of this service, which the runtime read as its class says."""
    if not isinstance(kit.settings, AuditSettings):
        raise TypeError("The audit service runs with its own settings.")
    return kit.settings
