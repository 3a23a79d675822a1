"""Labels posts by what a service answers.

What is here asks a service that takes `{"text": …}` and answers
`{"labels": [{"name", "score", "quote"}]}`. Change `ask` and `labels` to the
service that you know, put its answers into the fixtures, and let
`caifeng plugin check` say what is missing.
"""

import json

from caifeng import check_status, json as read_json, label, post as request_to, setting, unexpected, unsupported

# The labels of the manifest.
LABELS = ("suggestion",)


def ask(settings, posts):
    """What to ask about these posts: at most one request a post, to the operator's endpoint."""
    endpoint = setting(settings, "endpoint") or ""
    if not endpoint.startswith(("https://", "http://")):
        raise unsupported(f"endpoint: write the whole address of the service: {endpoint}")
    requests = []
    for nth, post in enumerate(posts):
        if said(post):
            body = json.dumps({"text": said(post)}, ensure_ascii=False, separators=(",", ":"))
            # What the answer is about stands in the context: taken from there, and never from the answer.
            requests.append(request_to("label", endpoint, "application/json", body, str(nth)))
    return requests


def read(settings, posts, request, response):
    """Reads what the service answered: one list of labels for each post, in the order given."""
    check_status(response)
    # An answer that comes without a context is about the first.
    about = int(request.context or "0")
    answer = read_json(response)
    given = answer.get("labels") if isinstance(answer, dict) else None
    if not isinstance(given, list):
        raise unexpected("no list of labels in the answer")
    return [labels(given, post) if nth == about else [] for nth, post in enumerate(posts)]


def said(post):
    """What a post says."""
    return f"{post.title or ''}\n{post.text}".strip()


def labels(given, post):
    """The labels that are declared and that quote the post: a service may have been told by the post what to answer."""
    found = {}
    for value in given:
        if not isinstance(value, dict):
            continue
        name, score, quote = value.get("name"), value.get("score"), str(value.get("quote") or "").strip()
        stands = quote and (quote in post.text or quote in (post.title or ""))
        sure = isinstance(score, (int, float)) and 0 < score <= 1
        if name in LABELS and stands and sure and name not in found:
            found[name] = label(name, score, [quote])
    return list(found.values())
