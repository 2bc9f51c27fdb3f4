"""Regrouper des changements rapides : seul le dernier est calculé."""

import asyncio

__all__ = ["Later"]


class Later:
    """Fait `action` bientôt, une seule fois, même demandée dix fois d'ici là.

    Dans Jupyter, Voilà et Colab une boucle d'événements tourne : l'action attend que les messages
    déjà arrivés aient été lus. Ailleurs elle est faite tout de suite. Aucun fil d'exécution
    (*thread*) n'est créé : TensorFlow et les widgets restent sur le même.
    """

    # Secondes : assez pour lire les messages en attente, trop peu pour se remarquer.
    DELAY = 0.01

    def __init__(self, action):
        self._action = action
        self._handle = None

    def ask(self):
        """Demande l'action."""
        if self._handle is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._action()
        else:
            self._handle = loop.call_later(self.DELAY, self.flush)

    def flush(self):
        """Fait l'action tout de suite si elle était attendue."""
        if self._handle is not None:
            self.cancel()
            self._action()

    def cancel(self):
        """Renonce à l'action attendue."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
