"""Where keys come from: references in the configuration, resolved at the moment they are needed."""

from guardian.secrets.references import SecretReferences

__all__ = ["SecretReferences"]
