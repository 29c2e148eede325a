"""What the audit service is told from outside, besides what every service is told."""

from base64 import b64decode

from pydantic import Field, SecretStr

from shared.infra.kit import Kit
from shared.infra.settings import ServiceSettings
from shared.infra.signing import SigningKey


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
    """Addresses of other operators' audit services that cosign for this one."""

    def signer(self) -> SigningKey:
        """The key that signs checkpoints."""
        return SigningKey.from_text(self.signing_key.get_secret_value())

    def publics(self) -> list[bytes]:
        """The public keys whose checkpoints count here, the present one first."""
        return [self.signer().public, *(b64decode(key) for key in self.retired_signers)]

    def witness(self) -> SigningKey | None:
        """The key that cosigns; None when this process is no witness."""
        secret = self.witness_key
        return SigningKey.from_text(secret.get_secret_value()) if secret else None


def audit_settings(kit: Kit) -> AuditSettings:
    """The settings of this service, which the runtime read as its class says."""
    if not isinstance(kit.settings, AuditSettings):
        raise TypeError("The audit service runs with its own settings.")
    return kit.settings
