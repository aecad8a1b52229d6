"""A typed client made from the server's own document: openapi-typescript writes the types, openapi-fetch sends.

The TypeScript compiler accepts what the tables allow and nothing else; what it compiled then runs against the server.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.client.real import says
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import LiveServer

MODULES = ROOT / "ui" / "node_modules"
NEW_ROWS = "--default-non-nullable=false"  # or a new row would need the columns that have a default
PROGRAM = """
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { env: Record<string, string> };
const headers = { Authorization: `Bearer ${process.env["ROLLTOP_TOKEN"]}` };
const db = createClient<paths, "application/json">({ baseUrl: process.env["ROLLTOP_URL"]!, headers });

const read = await db.GET("/rest/v1/Genre", { params: { query: { GenreId: "lt.4", order: "GenreId" } } });
const names: (string | null | undefined)[] = (read.data ?? []).map((genre) => genre.Name);
const added = await db.POST("/rest/v1/gear", {
  params: { query: { select: "name,price" }, header: { Prefer: "return=representation" } },
  body: { name: "Theremin", price: 300, in_stock: true },
});
const removed = await db.DELETE("/rest/v1/gear", { params: { query: { name: "eq.Theremin" } } });
const refused = await db.GET("/rest/v1/Genre", { params: { query: { GenreId: "four" } } });
const told = { names, added: added.data, removed: removed.response.status, code: refused.error?.code };
console.log(JSON.stringify(told));

async function mistakes(): Promise<void> {
  // @ts-expect-error: no such table
  await db.GET("/rest/v1/Genres");
  // @ts-expect-error: the name is needed
  await db.POST("/rest/v1/gear", { body: { price: 300 } });
  // @ts-expect-error: a price is no text
  await db.POST("/rest/v1/gear", { body: { name: "x", price: ["much"] } });
  // @ts-expect-error: a view is only read
  await db.POST("/rest/v1/louder", { body: {} });
  // @ts-expect-error: no such column
  read.data?.[0]?.Title;
}
void mistakes;
"""
COMPILED = {
    "compilerOptions": {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "target": "es2022",
        "lib": ["es2022", "dom"],
        "types": [],
        "module": "nodenext",
        "skipLibCheck": True,
        "outDir": "out",
    },
    "files": ["program.ts"],
}


def test_the_documents_types_are_true(music: "LiveServer", tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "openapi-fetch").is_dir():
        pytest.fail("This test needs Node and the UI's packages: run scripts/setup, or `npm ci` in ui/.")
    (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "tsconfig.json").write_text(json.dumps(COMPILED), encoding="utf-8")
    (tmp_path / "program.ts").write_text(PROGRAM, encoding="utf-8")
    document = httpx.get(f"{music.url}/openapi.json", headers=music.headers, trust_env=False, timeout=30)
    (tmp_path / "openapi.json").write_bytes(document.content)
    environment = {**os.environ, "ROLLTOP_URL": music.url, "ROLLTOP_TOKEN": music.token}
    for command in (
        [MODULES / "openapi-typescript" / "bin" / "cli.js", "openapi.json", "--output", "schema.d.ts", NEW_ROWS],
        [MODULES / "typescript" / "bin" / "tsc"],
        ["out/program.js"],
    ):
        ended = subprocess.run(
            [node, *map(str, command)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    file = music.workspace / "data.db"
    assert json.loads(ended.stdout) == {
        "names": [row["Name"] for row in says(file, "SELECT Name FROM Genre WHERE GenreId < 4 ORDER BY GenreId")],
        "added": [{"name": "Theremin", "price": 300}],
        "removed": 204,
        "code": "PGRST100",
    }
    assert says(file, "SELECT id FROM gear WHERE name = 'Theremin'") == []
