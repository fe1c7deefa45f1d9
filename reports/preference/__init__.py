"""Studies of preference: from an export to strengths, wins, ranks and a figure."""
