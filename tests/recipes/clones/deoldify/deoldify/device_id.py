"""Stands for DeOldify's list of devices."""

from enum import IntEnum


class DeviceId(IntEnum):
    """One GPU, and none."""

    GPU0 = 0
    CPU = 99
