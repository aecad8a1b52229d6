"""The open workspace: its folders, its lock, its name.

One process owns a workspace. The lock is the operating system's (`flock`, or byte locking on Windows), so a lock of a
dead process does not block; the file says who holds it.
"""

from rolltop.workspace.folder import Workspace, WorkspaceInUse, WorkspaceUnusable

__all__ = ["Workspace", "WorkspaceInUse", "WorkspaceUnusable"]
