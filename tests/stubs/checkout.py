"""A copy of the project's source, in which a test may edit the contract."""

import os
import shutil
import subprocess
import sys

from tests.spec.document import ROOT

PARTS = ("batch_exports", "handlers", "mock_server", "openapi", "pyproject.toml")

NEW_TAG = """
  - name: alerts
    description: Who is told when an export fails.

paths:
"""
NEW_PATHS = """
  /{project_id}/batch_exports/{id}/preview/:
    parameters:
      - $ref: '#/components/parameters/ProjectId'
      - $ref: '#/components/parameters/ExportId'
    post:
      operationId: preview_export
      tags: [exports]
      summary: Preview an export
      x-required-scopes: [batch_export:read]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/PreviewRequest'
      responses:
        '200':
          description: The first rows.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Preview'
              examples:
                two_rows:
                  value: {rows: [a, b]}

  /{project_id}/batch_exports/alerts/:
    parameters:
      - $ref: '#/components/parameters/ProjectId'
    get:
      operationId: list_alerts
      tags: [alerts]
      summary: List alerts
      x-required-scopes: [batch_export:read]
      parameters:
        - {name: level, in: query, schema: {type: array, items: {type: string, maxLength: 20}}}
        - {name: most, in: query, schema: {type: integer, minimum: 1, maximum: 100, default: 20}}
        - {name: X-Reader, in: header, schema: {type: string, maxLength: 20}}
      responses:
        '200':
          description: The alerts.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Preview'
              examples:
                one_alert:
                  value: {rows: [failed]}

components:
"""
NEW_SCHEMAS = """
  schemas:
    PreviewRequest:
      type: object
      required: [rows]
      properties:
        rows: {type: integer, minimum: 1, maximum: 100}
        since: {type: string, format: date-time, nullable: true}
    Preview:
      type: object
      required: [rows]
      properties:
        rows: {type: array, items: {type: string}}
"""


def copy_checkout(folder, parts=PARTS):
    for name in parts:
        part = ROOT / name
        if part.is_dir():
            shutil.copytree(part, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(part, folder / name)
    return folder


def add_operations(checkout):
    """An operation of a tag that exists, and one of a tag that is new."""
    path = checkout / "openapi" / "batch_exports.yaml"
    text = path.read_text()
    for old, new in (("\npaths:\n", NEW_TAG), ("\ncomponents:\n", NEW_PATHS), ("\n  schemas:\n", NEW_SCHEMAS)):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)


def in_checkout(checkout, *arguments, **environment):
    """A module run with the copy in place of the installed project."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=checkout,
        env=os.environ | environment,
        check=False,
    )


def stubs(checkout, *options):
    return in_checkout(checkout, "-m", "batch_exports", "stubs", *options)


def sources(checkout):
    return {path.name: path.read_bytes() for path in (checkout / "handlers").glob("*.py")}
