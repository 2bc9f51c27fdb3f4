"""Les corrections de la partie III, « S'en servir »."""
