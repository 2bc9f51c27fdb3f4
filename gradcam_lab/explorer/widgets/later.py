"""Regrouper des changements rapides : seul le dernier est calculé."""

import asyncio
import threading

__all__ = ["Aside", "Later"]


class Later:
    """Fait `action` bientôt, une seule fois, même demandée dix fois d'ici là.

    Dans Jupyter, Voilà et Colab une boucle d'événements tourne : l'action attend que les messages
    déjà arrivés aient été lus. Ailleurs elle est faite tout de suite.
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


class Stopped(Exception):
    """L'utilisateur a choisi autre chose : le calcul en cours ne sert plus."""


class Aside:
    """Un seul long calcul à la fois, à côté : dans son propre fil (*thread*), l'outil répond.

    Les widgets ne changent jamais que dans le fil de la boucle d'événements.
    """

    def __init__(self):
        self._thread = None
        self._stop = threading.Event()

    @property
    def running(self):
        """Vrai tant que le calcul n'est pas fini."""
        return self._thread is not None

    def start(self, work, tell, done):
        """Lance `work(suivre)` et renvoie vrai ; faux si aucune boucle ne tourne : rien n'est fait.

        `tell(fait, total)` est appelée de temps en temps, et `done(arrêté)` à la fin.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        self._stop.clear()

        def follow(*progress):
            if self._stop.is_set():
                raise Stopped
            loop.call_soon_threadsafe(tell, *progress)

        def run():
            try:
                work(follow)
            except Exception:
                pass  # `done` refera la demande, et l'erreur s'y dira
            finally:
                loop.call_soon_threadsafe(end)

        def end():
            self._thread = None
            done(self._stop.is_set())

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        return True

    def stop(self):
        """Demande l'arrêt ; `done(True)` suivra."""
        self._stop.set()

    def wait(self):
        """Attend la fin du calcul, sans l'arrêter."""
        if self._thread is not None:
            self._thread.join()
