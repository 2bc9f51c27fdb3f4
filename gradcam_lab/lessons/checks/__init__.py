"""Les corrections des exercices, un fichier par leçon."""
