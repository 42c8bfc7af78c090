"""The HTML document that asks for a key: no script, nothing loaded."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse

_POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'{ancestors}"
)

_STYLE = """
:root { color-scheme: light dark; --bg: #f6f7f9; --surface: #fff; --line: #d0d5dd; --text: #12151c;
  --muted: #525a6a; --accent: #4a48e0; --on-accent: #fff; --bad: #b01f2f; --bad-soft: #fdeaec; }
@media (prefers-color-scheme: dark) { :root { --bg: #0b0d12; --surface: #12161e; --line: #343e4f;
  --text: #e8ebf2; --muted: #a3acbd; --accent: #8583ff; --on-accent: #0b0d12; --bad: #ff929c;
  --bad-soft: #371a20; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px;
  background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 360px; padding: 28px; background: var(--surface);
  border: 1px solid var(--line); border-radius: 12px; }
h1 { margin: 0 0 12px; font-size: 19px; letter-spacing: -0.01em; }
p { margin: 0 0 20px; color: var(--muted); }
label { display: block; margin-bottom: 6px; font-weight: 550; }
input, button { width: 100%; height: 38px; padding: 0 12px; border-radius: 8px; font: inherit; }
input { border: 1px solid var(--line); background: var(--bg); color: inherit; }
a { display: block; margin-bottom: 18px; padding: 8px; border-radius: 8px; text-align: center;
  background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; }
button { margin-top: 14px; border: 0; background: var(--accent); color: var(--on-accent);
  font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[role="alert"] { padding: 9px 12px; border-radius: 8px; background: var(--bad-soft);
  color: var(--bad); }
"""

_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>Sign in · Fairlead</title>
<style nonce="{nonce}">{style}</style>
</head>
<body>
<main>
<h1>Sign in to Fairlead</h1>
{message}
{company}
<form method="post" action="{action}">
<input type="hidden" name="next" value="{following}" />
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus />
<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
"""
_COMPANY = '<a href="{address}">Sign in with your company\'s account</a>'
_HELP = "<p>Your administrator creates keys with <code>fairlead-bridge keys create</code>.</p>"


def document(
    root: str,
    following: str,
    ancestors: Sequence[str],
    company: bool,
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    """
    The page. `following` is where the browser goes once signed in; `company` says whether people can
    sign in with their company's account; `problem` is what went wrong.
    """
    start = f"{root}/login/start?next={quote(following, safe='')}"
    nonce = secrets.token_urlsafe(16)
    origins = "".join(f" {origin}" for origin in ancestors)
    return HTMLResponse(
        _DOCUMENT.format(
            nonce=nonce,
            style=_STYLE,
            message=f'<p role="alert">{escape(problem)}</p>' if problem else _HELP,
            company=_COMPANY.format(address=escape(start)) if company else "",
            action=escape(f"{root}/login"),
            following=escape(following),
        ),
        status_code=status,
        headers={
            "Content-Security-Policy": _POLICY.format(nonce=nonce, ancestors=origins),
        },
    )
