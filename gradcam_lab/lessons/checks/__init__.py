"""Les corrections des exercices, un fichier par leçon, rangés selon les parties du cours."""
