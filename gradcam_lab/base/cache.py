"""Un petit cache borné : il garde les derniers tableaux demandés, jusqu'à une taille donnée."""

from collections import OrderedDict

__all__ = ["ArrayCache", "Recent"]


class ArrayCache:
    """Garde des tableaux NumPy par clé ; les moins récents sortent au-delà de `max_bytes`."""

    def __init__(self, max_bytes):
        self._max_bytes = max_bytes
        self._items = OrderedDict()
        self.bytes = 0

    def get(self, key):
        """Renvoie le tableau de cette clé, ou None."""
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key, array):
        """Range un tableau ; il devient non modifiable, puisqu'il servira encore."""
        array.flags.writeable = False
        if key in self._items:
            self.bytes -= self._items.pop(key).nbytes
        self._items[key] = array
        self.bytes += array.nbytes
        self.trim(self._max_bytes)
        return array

    def trim(self, max_bytes):
        """Oublie les tableaux les moins récents au-delà de `max_bytes` ; le dernier reste."""
        while self.bytes > max_bytes and len(self._items) > 1:
            self.bytes -= self._items.popitem(last=False)[1].nbytes


class Recent:
    """Garde les `count` derniers objets demandés, par clé."""

    def __init__(self, count):
        self._count = count
        self._items = OrderedDict()

    def get(self, key):
        """Renvoie l'objet de cette clé, ou None."""
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key, item):
        """Range un objet, et oublie le plus ancien s'il y en a trop."""
        self._items[key] = item
        self._items.move_to_end(key)
        if len(self._items) > self._count:
            self._items.popitem(last=False)
        return item

    def __len__(self):
        return len(self._items)

    def clear(self):
        """Oublie tout."""
        self._items.clear()
