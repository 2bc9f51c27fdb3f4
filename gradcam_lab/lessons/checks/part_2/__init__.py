"""Les corrections de la partie II, « Voir dans le réseau »."""
