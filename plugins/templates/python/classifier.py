"""Labels posts that suggest something.

What is here looks for a few words. Change `found`, add posts to the fixture with
what you expect of them, and let `caifeng plugin check` say what is missing.
"""

from caifeng import clause, label

# Words by which people suggest something.
WORDS = ("建议", "希望")


def classify(settings, posts):
    """One list of labels for each post, in the order given."""
    return [found(post.text) for post in posts]


def found(text):
    """The label of a text, with the clause that it rests on: people decide, and want to see why."""
    for word in WORDS:
        at = text.find(word)
        if at >= 0:
            return [label("suggestion", 0.7, [clause(text, at, at + len(word))])]
    return []
