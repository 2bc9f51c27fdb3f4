"""Le socle : noms, nombres et phrases en français, cache borné, téléchargements ; aucun réseau."""
