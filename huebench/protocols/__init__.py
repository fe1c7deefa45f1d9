"""Named protocols: how published papers measure colorizations, a YAML file each, read and applied here."""
