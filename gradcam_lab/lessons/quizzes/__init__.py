"""Les quiz : des questions écrites une fois, posées par des boutons ou lues sur une page fixe."""
