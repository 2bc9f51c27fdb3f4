"""Le réseau : mis à plat, son score avant softmax, ses deux moitiés, les noms de ses classes."""
