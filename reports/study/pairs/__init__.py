"""Real or fake: how often each method's colorizations pass for the photograph beside them."""
