"""The archive: records that have left the live file, in sealed segments that continue the same chain."""

from guardian.journal.archive.rotate import Keeping, Rotation
from guardian.journal.archive.segment import FOLDER, Segment, SegmentDamaged, rows_of, segments

__all__ = ["FOLDER", "Keeping", "Rotation", "Segment", "SegmentDamaged", "rows_of", "segments"]
