"""What the values of a class mask mean: the index of a class, or void."""

VOID = 255  # the mask value that no loss and no score counts (VOC's border)
