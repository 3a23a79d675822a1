"""Article extraction by trafilatura over the bench kit's pages. argv: DATA PAGES. Prints one JSON object."""

import json
import sys
import time

import trafilatura

data, pages = sys.argv[1], int(sys.argv[2])
truth = [json.loads(line) for line in open(f"{data}/truth.jsonl", encoding="utf-8")][:pages]
texts = [open(f"{data}/site{t['url']}", "rb").read().decode(t["charset"], "replace") for t in truth]
trafilatura.bare_extraction(texts[0], with_metadata=True)
start = time.process_time()
read = [trafilatura.bare_extraction(text, with_metadata=True, include_comments=False) for text in texts]
seconds = time.process_time() - start
rows = [d if d is None or isinstance(d, dict) else d.as_dict() for d in read]
print(json.dumps({"seconds": seconds, "articles": [
    {"title": (d or {}).get("title") or "", "date": (d or {}).get("date") or "", "text": (d or {}).get("text") or ""} for d in rows
]}, ensure_ascii=False))
