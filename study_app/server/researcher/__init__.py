"""How a researcher gets to the page of the study, and stays signed in."""
