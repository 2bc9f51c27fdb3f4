"""Les boutons et l'écran de l'explorateur : des widgets, sans aucun calcul."""
