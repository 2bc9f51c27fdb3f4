"""Ce que le paquet dit à ses utilisateurs en dehors des erreurs."""


def say(text):
    """Affiche une phrase sur la sortie normale : dans un notebook, elle suit la cellule."""
    print(text, flush=True)
