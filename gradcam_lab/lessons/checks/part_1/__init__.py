"""Les corrections de la partie I, « Grad-CAM pas à pas »."""
