"""The systems that the proposed method is compared with: earlier papers' networks, and anybody's own pictures."""
