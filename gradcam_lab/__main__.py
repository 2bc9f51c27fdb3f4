"""`python -m gradcam_lab PHOTO` : voir `gradcam_lab.cli`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
