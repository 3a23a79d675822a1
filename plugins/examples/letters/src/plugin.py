"""Letters to a mayor, with the answers that they got.

The list names no text, so that each letter newer than `since` is followed; the
list goes on as long as its last letter is new. A letter is a post, the answer a
comment on it, by the office that gave it. Their ids are the site's own numbers.
"""

import re

from caifeng import (
    attribute, author, blocked, check_status, get, join, page, target, text, unexpected, unsupported, utterance, when,
)

# Pages of a list that are read in one crawl: what is older was heard before.
MOST = 20


def start(crawl):
    kind, address = target(crawl)
    if kind != "listing":
        raise unsupported("only the list of letters can be watched")
    return [get("list", address)]


def parse(crawl, request, response):
    check_status(response)
    if 'id="letter-' in response.body:
        return letter(crawl, response)
    if '<table class="letters">' in response.body:
        return letters(crawl, response)
    if "请先登录" in response.body or "验证码" in response.body:
        raise blocked("the site asks who is there")
    raise unexpected("neither a list of letters nor a letter")


def letters(crawl, response):
    """The list: requests only."""
    follow, skipped, read, new = [], [], 0, False
    _, _, table = response.body.partition('<table class="letters">')
    for row in table.split("<tr>")[1:]:
        inner, end, _ = row.partition("</tr>")
        link = re.search(r'<a href="(/letters/\d+\.html)">[^<]*</a>', inner, re.A)
        day = re.search(r"<time>([^<]*)</time>", inner)
        date = day and when(day[1], response.fetched, crawl.utc_offset)
        if not end or not link or not date:
            skipped.append(f"row without link or day: {text(inner)[:80]}")
            continue
        read += 1
        # A day without a time may be as late as its last second.
        new = date["published"] + 86400 > crawl.since
        if new:
            follow.append(get("letter", join(response.url, link[1])))
    # A list without letters is a quiet one only if the site says so.
    if not read and not skipped and "还没有来信" not in response.body:
        raise unexpected("no letter in the list")
    further = re.search(r'<a class="next" href="(/letters/\?page=(\d+))">', response.body, re.A)
    if new and further and int(further[2]) <= MOST:
        follow.append(get("list", join(response.url, further[1])))
    return page(follow=follow, skipped=skipped)


ARTICLE = re.compile(r'<article id="(letter|answer)-(\d+)"([^>]*)>(.*?)</article>', re.S | re.A)


def letter(crawl, response):
    """One letter and its answer."""
    posts, asked = [], None
    for what, number, tag, inner in ARTICLE.findall(response.body):
        date = re.search(r"<time>([^<]*)</time>", inner)
        said = re.search(r'<div class="text">(.*?)</div>', inner, re.S)
        date = date and when(date[1], response.fetched, crawl.utc_offset)
        if not date or not said:
            continue
        if what == "letter":
            title = re.search(r"<h1>([^<]*)</h1>", inner)
            asked = f"letter-{number}"
            posts.append(
                utterance("post", asked, response.url, title=text(title[1]) if title else None, text=text(said[1]), **date)
            )
        elif office := attribute(tag, "data-office"):
            posts.append(
                utterance(
                    "comment", f"answer-{number}", f"{response.url}#answer-{number}",
                    parent=asked or f"letter-{number}", author=author(office, office), text=text(said[1]), **date,
                )
            )
    if not posts:
        raise unexpected("a letter without text or time")
    return page(posts)
