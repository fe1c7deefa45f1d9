"""Stands for DeOldify's package: the device must be set before anything else of it is loaded."""


class Device:
    """The device, none at first."""

    current: int | None = None

    def set(self, device: int) -> None:
        """Choose it."""
        self.current = device


device = Device()
