"""Reads the newest topics of a board.

What is here reads the page of `fixtures/latest`. Put a page of your site in its
place, change `topic`, and let `caifeng plugin check` say what is missing.
"""

import re

from caifeng import (
    attribute, author, blocked, check_status, get, join, page, target, text, unexpected, unsupported, utterance, when,
)


def start(crawl):
    """The first requests of a crawl."""
    kind, address = target(crawl)
    if kind != "listing":
        raise unsupported("only the address of a board can be watched")
    return [get("list", address)]


def parse(crawl, request, response):
    """Reads one answer of the site."""
    check_status(response)
    posts, skipped = [], []
    # Only what is closed is read: what was cut off is no post.
    _, _, topics = response.body.partition('<ul class="topics">')
    for row in topics.split("<li>")[1:]:
        inner, end, _ = row.partition("</li>")
        post = topic(crawl, response, inner) if end else None
        if post:
            posts.append(post)
        else:
            skipped.append(f"topic without link, author or time: {text(inner)}")
    # A page without topics is a quiet board only if the board says so.
    if not posts and not skipped and "还没有主题" not in response.body:
        if "请先登录" in response.body:
            raise blocked("the board asks for a login")
        raise unexpected("no list of topics")
    return page(posts, skipped=skipped)


def topic(crawl, response, row):
    """One topic of the list, or None."""
    link = re.search(r"<a( [^>]*)>(.*?)</a>", row, re.S)
    by = re.search(r"<span( [^>]*)>(.*?)</span>", row, re.S)
    time = re.search(r"<time>(.*?)</time>", row, re.S)
    if not link or not by or not time:
        return None
    href, uid = attribute(link[1], "href"), attribute(by[1], "data-uid")
    number = re.fullmatch(r"/topic/(\d+)", href or "", re.A)
    date = when(text(time[1]), response.fetched, crawl.utc_offset)
    if not number or not uid or not date:
        return None
    return utterance(
        "post", number[1], join(response.url, href), title=text(link[2]), author=author(uid, text(by[2])), **date
    )
