"""The SDK of Caifeng plugins in Python: what `src/plugin.py` imports.

A plugin is a pure function of its arguments: it has no network, no files, no
clock, no randomness and no memory of earlier calls. It describes requests, the
host sends them; it is told the time in `crawl.now` and `response.fetched`, in
seconds since 1970.

Raise `unsupported`, `gone`, `blocked` or `unexpected` to say no; whatever else
is raised is `unexpected`, with the line that raised it.
"""

import builtins
import datetime
import html
import json as _json
import os
import random
import re
import sys
import time
from urllib.parse import quote, unquote_plus
from urllib.parse import urljoin as join  # noqa: F401 (for plugins)

from caifeng_dates import when  # noqa: F401 (for plugins)
from componentize_py_types import Err
from wit_world.exports import types


class Failure(Exception):
    """Why there is no answer; each case is one reaction of the host."""

    def __init__(self, case, why=""):
        super().__init__(why or case)
        self.case = case


def unsupported(why):
    """Such a target or such a setting cannot be watched: the host refuses it and shows why."""
    return Failure("unsupported", why)


def gone():
    """It no longer exists: the host shows a gap and looks again once a day."""
    return Failure("gone")


def blocked(why):
    """A login, a captcha or a refusal stands in place of the page: the host backs off."""
    return Failure("blocked", why)


def unexpected(why):
    """The page is not built as you expect: the host keeps it and reports drift."""
    return Failure("unexpected", why)


def target(crawl):
    """What to watch: `("listing", "https://…")`, or with `keyword`, `account`, `item`."""
    return type(crawl.target).__name__.removeprefix("Target_").lower(), crawl.target.value


def get(step, url, context=""):
    """A GET whose answer the step of that name reads."""
    return types.Request(step, url, types.Method_Get(), [], context)


def post(step, url, media_type, body, context=""):
    """A POST of a text body."""
    return types.Request(step, url, types.Method_Post(body), [("content-type", media_type)], context)


def author(id, name):
    """Who wrote a post: the site's own identifier, and the name."""
    return types.Author(id, name)


def utterance(kind, id, url, **more):
    """A post with its identity and what you know of it.

    `kind` is `article`, `post`, `comment` or `repost`; `id` is the site's own
    identifier. `views`, `likes`, `replies` and `shares` are its reactions: leave
    out what the page does not say, which is not the same as zero.
    """
    reactions = types.Reactions(*(more.pop(name, None) for name in ("views", "likes", "replies", "shares")))
    fields = dict(
        parent=None, author=None, publisher=None, title=None, text="", language=None,
        published=None, day_only=False, edited=None, media=[], extra=[],
    )
    fields.update(more)
    return types.Post(id=id, kind=types.Kind[kind.upper()], url=url, reactions=reactions, **fields)


def page(posts=(), follow=(), expected=None, skipped=()):
    """What a page came to. `skipped` has a line for each element that could not be read."""
    from wit_world.exports import source

    return source.Page(list(posts), list(follow), expected, list(skipped))


def label(name, score, evidence):
    """A label that the manifest declares, with excerpts of the post that it rests on."""
    return types.Label(name, score, list(evidence))


def check_status(response):
    """Raises what the status alone already says."""
    status = response.status
    if status in (404, 410):
        raise gone()
    if status in (401, 403, 407, 451):
        raise blocked(f"the site answered with status: {status}")
    if 400 <= status < 500:
        raise unexpected(f"the site answered with status: {status}")


def setting(settings, name):
    """What the operator has set under that name, if anything."""
    return next((value for key, value in settings if key == name), None)


# Brackets that open and do not close: the parser would run out of its stack, which nobody can catch.
_DEEP = re.compile(r"(?:[\[{][^\[\]{}]*){256}")


def json(response):
    """The JSON of an answer; what is none is `unexpected`."""
    if _DEEP.search(response.body):
        raise unexpected("no JSON: nested too deeply")
    try:
        return _json.loads(response.body)
    except ValueError as error:
        raise unexpected(f"no JSON: {error}") from error


_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.S | re.I)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", re.I)
_TAG = re.compile(r"<[^>]*>")


def text(fragment):
    """The plain text of a piece of HTML: no tags, entities resolved, line breaks kept."""
    bare = _TAG.sub("", _BREAK.sub("\n", _HIDDEN.sub("", fragment)))
    said = re.sub(r"[^\S\n]+", " ", html.unescape(bare))
    return re.sub(r" *\n\s*", "\n", said).strip()


def attribute(tag, name):
    """The value of an attribute of a start tag, or None."""
    found = re.search(rf"""\s{name}\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag, re.I)
    return html.unescape(found[1] if found[1] is not None else found[2]) if found else None


def origin(url):
    """The scheme and the host of an absolute address, with its port; None where there is none."""
    found = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]+", url)
    return found[0] if found else None


def encode(said):
    """A text as the value of a query parameter, percent-encoded."""
    return quote(said, safe="")


def parameter(url, name):
    """The decoded value of the first query parameter of that name, or None."""
    _, _, query = url.partition("#")[0].partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    return next((unquote_plus(value) for key, _, value in pairs if query and key == name), None)


_MULTIPLES = {
    "": 1, "百": 100, "千": 10**3, "k": 10**3, "万": 10**4, "萬": 10**4, "w": 10**4, "万亿": 10**12, "m": 10**6,
    "亿": 10**8, "億": 10**8,
}
_COUNT = re.compile(r"(\d+(?:[,，]\d+)*)(?:\.(\d+))?\s*(万亿|[百千kK万萬wWmM亿億])?", re.A)


def count(said):
    """A number as pages write it: `1.2万`, `10万+`, `3,456`, `2.3k`, `阅读 87`. None where there is none."""
    found = _COUNT.search(said)
    if not found:
        return None
    places = found[2] or ""
    whole = int(re.sub("[,，]", "", found[1]) + places)
    return whole * _MULTIPLES[(found[3] or "").lower()] // 10 ** len(places)


_MARKS = set("，。！？；：、…“”【】,!?;\n\r")


def clause(said, start, end, reach=20):
    """The clause around a piece of a text: what is shown as the evidence of a label."""
    first = start
    while first > 0 and start - first < reach and said[first - 1] not in _MARKS:
        first -= 1
    last = end
    while last < len(said) and last - end < reach and said[last] not in _MARKS:
        last += 1
    return said[first:last].strip()


# What a plugin has not, said in words instead of a trap.

CLOCK = "a plugin has no clock: use crawl.now, or response.fetched"
CHANCE = "a plugin has no randomness: the same page must give the same answer"
NETWORK = "a plugin has no network: return a request, and the host decides whether to send it"
FILES = "a plugin has no files: read what it needs at the top of src/plugin.py, when it is built"
WAITING = "a plugin cannot wait: the host keeps the pace"


class Forbidden(Exception):
    """The plugin reached for what it has not."""


def _refuse(why):
    def refused(*_, **__):
        raise Forbidden(why)

    return refused


def _only_given(function, why):
    """A function that asks the clock unless it is told a time."""

    def guarded(*given):
        if not given or given[-1] is None:
            raise Forbidden(why)
        return function(*given)

    return guarded


class _Date(datetime.date):
    today = classmethod(_refuse(CLOCK))


class _DateTime(datetime.datetime):
    now = utcnow = today = classmethod(_refuse(CLOCK))


class _Random(random.Random):
    def __init__(self, seed=None):
        if seed is None:
            raise Forbidden(CHANCE)
        super().__init__(seed)


_calling = False
_open, _import = builtins.open, builtins.__import__


def _guarded_open(*given, **named):
    if _calling:
        raise Forbidden(FILES)
    return _open(*given, **named)


def _guarded_import(name, globals=None, locals=None, fromlist=(), level=0):
    if _calling and level == 0 and name not in sys.modules:
        raise Forbidden(f"import {name} at the top of src/plugin.py: a plugin has no files to import from later")
    return _import(name, globals, locals, fromlist, level)


def _guard():
    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
                 "process_time", "process_time_ns", "clock_gettime", "clock_gettime_ns"):
        setattr(time, name, _refuse(CLOCK))
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _only_given(getattr(time, name), CLOCK))
    time.sleep = _refuse(WAITING)
    datetime.date, datetime.datetime = _Date, _DateTime
    for name in ("random", "uniform", "triangular", "randint", "choice", "randrange", "sample", "shuffle", "choices",
                 "normalvariate", "gauss", "getrandbits", "randbytes", "expovariate", "betavariate", "gammavariate"):
        setattr(random, name, _refuse(CHANCE))
    random.Random = _Random
    random.SystemRandom = _refuse(CHANCE)
    os.urandom = _refuse(CHANCE)
    builtins.open = _guarded_open
    builtins.__import__ = _guarded_import
    for name in ("socket", "_socket", "ssl"):
        sys.modules.setdefault(name, _Absent(name, NETWORK))


class _Absent:
    """A module that is not there: whatever is asked of it says why."""

    def __init__(self, name, why):
        self.__dict__.update(__name__=name, __path__=[], __spec__=None, _why=why)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse(self._why)


_guard()


def exported(plugin, names):
    """What the glue exports: each function, with all that it raises made a failure of the contract."""
    missing = [name for name in names if not callable(getattr(plugin, name, None))]
    if missing:
        raise SystemExit(f"src/plugin.py must define: {', '.join(missing)}")
    return type("Exported", (), {name: _safely(getattr(plugin, name)) for name in names})


def _safely(function):
    def call(_, *given):
        global _calling
        _calling = True
        try:
            answer = function(*given)
        except Failure as failure:
            raise Err(_lowered(failure)) from None
        except RecursionError:
            raise Err(types.Failure_Unexpected("RecursionError: calls nest too deeply")) from None
        except Exception as error:  # whatever a parser raises means that the page is not as it expects
            raise Err(types.Failure_Unexpected(_told(error))) from None
        finally:
            _calling = False
        if answer is None:
            raise Err(types.Failure_Unexpected(f"{function.__name__} returned nothing"))
        return answer

    return call


def _lowered(failure):
    if failure.case == "gone":
        return types.Failure_Gone()
    return getattr(types, f"Failure_{failure.case.capitalize()}")(str(failure))


def _told(error):
    """What was raised, and the author's line that raised it."""
    said = str(error) if isinstance(error, Forbidden) else f"{type(error).__name__}: {error}"
    # By hand: `traceback` looks for the source, and there are no files.
    lines, trace = [], error.__traceback__
    while trace:
        lines.append((os.path.basename(trace.tb_frame.f_code.co_filename), trace.tb_lineno))
        trace = trace.tb_next
    own = [line for line in lines if line[0] == "plugin.py"] or lines[-1:]
    return f"{said} ({own[-1][0]}:{own[-1][1]})"
