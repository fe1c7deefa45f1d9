"""The stand-ins are programs, not tests, whatever their names."""

collect_ignore_glob = ["clones/*"]
