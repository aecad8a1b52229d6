"""A small window from which a file can be dragged, as from a file manager: `python drag_source.py FILE`.

It says "ready" once it is shown. Pressing the button on it starts a drag that carries the file's address.
"""

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    """The thing to drag."""

    def __init__(self, file: Path) -> None:
        super().__init__(file.name)
        self._file = file
        self.setWindowTitle("Drag source")
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
        self.setGeometry(0, 0, 120, 40)

    def showEvent(self, event: QShowEvent) -> None:
        """Say that the window is there."""
        super().showEvent(event)
        QTimer.singleShot(200, lambda: print("ready", flush=True))

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        """Begin to drag."""
        drag = QDrag(self)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self._file))])
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)
        print("dropped", flush=True)


if __name__ == "__main__":
    application = QApplication(sys.argv)
    source = Source(Path(sys.argv[1]))
    source.show()
    application.exec()
