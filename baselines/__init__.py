"""The networks of earlier papers, which the proposed method is compared with."""
