"""Serve the page and the one library it needs, so that a browser gets everything from one address."""

import mimetypes
from pathlib import Path

from aiohttp import web

WEB = Path(__file__).parent / "web"
# Not left to the machine's own table: some have no .mjs, and a module with a wrong type does not run.
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
# A page around ours could move our questions under somebody's mouse; a policy in the HTML itself cannot say this.
NEVER_IN_A_FRAME = {"Content-Security-Policy": "frame-ancestors 'none'"}
_AS_TEXT = (".js", ".mjs", ".css", ".html")


async def serve(request: web.Request) -> web.StreamResponse:
    """A file below `sandbox/web`; nothing outside of it and nothing hidden."""
    path = file_for(request.match_info["path"], WEB)
    if path is None:
        raise web.HTTPNotFound(text="there is no such file; the page is at /\n")
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if path.suffix in _AS_TEXT else ""
    headers = {"Content-Type": kind + charset, "Cache-Control": "no-cache", **NEVER_IN_A_FRAME}
    return web.FileResponse(path, headers=headers)


def file_for(url_path: str, root: Path) -> Path | None:
    """The file that a URL's path means, or None when there is none, or none that may be seen."""
    if "\0" in url_path or "\\" in url_path:
        return None
    parts = [part for part in url_path.split("/") if part]
    if any(part.startswith(".") for part in parts):
        return None
    path = root.joinpath(*parts)
    if path.is_dir():
        path = path / "index.html"
    inside = path.resolve().is_relative_to(root.resolve())  # symbolic links may not lead out either
    return path if inside and path.is_file() else None
