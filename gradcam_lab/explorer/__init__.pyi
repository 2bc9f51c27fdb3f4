from .session import Session
from .state import ExplorerState
from .widgets.explorer import Explorer

__all__ = ["Explorer", "ExplorerState", "Session"]
