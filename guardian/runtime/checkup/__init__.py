"""Looking at everything that guardian will need, before it needs it: one small file a check."""

from guardian.runtime.checkup.examine import examine
from guardian.runtime.checkup.line import Level, Line

__all__ = ["Level", "Line", "examine"]
