"""Les corrections de la partie IV, « Peut-on croire une carte ? »."""
