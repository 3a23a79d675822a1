//! Puts the elements of a page into another order, each of them whole.
//!
//! Of markup, the siblings that share a name change places: items with items,
//! rows with rows; what is inline or a cell of a row stays, because its order is
//! what it means. Of JSON, the objects of an array do. The reading is crude and
//! never fails: what it does not understand it leaves where it is.

/// Elements that stay: parts of a sentence or a row, and what is there once.
const STAY: [&str; 24] = [
    "a", "abbr", "b", "body", "br", "cite", "code", "em", "font", "head", "html", "i", "img", "input", "link", "meta",
    "script", "small", "span", "strong", "style", "td", "th", "u",
];

/// Elements without an end.
const VOID: [&str; 10] = ["area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"];

/// Elements whose content is not markup.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// Elements that end where the next of their kind begins.
const IMPLIED: [&str; 8] = ["dd", "dt", "li", "option", "p", "td", "th", "tr"];

/// Depth beyond which elements are left as they are.
const DEPTH: usize = 200;

/// The page with its elements turned around; `None` if there is nothing to turn.
pub(super) fn turned(body: &str) -> Option<String> {
    let mut out = String::with_capacity(body.len());
    match body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').chars().next()? {
        '{' | '[' => {
            let start = body.find(['{', '['])?;
            out.push_str(&body[..start]);
            let end = json(body, start, 0, &mut out)?;
            out.push_str(&body[end..]);
        }
        '<' => markup(body, &tree(body, is_html(body)), 0..body.len(), &mut out),
        _ => return None,
    }
    (out != body).then_some(out)
}

/// Whether elements end as HTML's do. In XML each has its end, whatever it is
/// called: a `source` of Atom holds others.
fn is_html(body: &str) -> bool {
    let head = body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_ascii_lowercase();
    let xml = ["<?xml", "<rss", "<feed", "<rdf", "<urlset", "<channel"].iter().any(|root| head.starts_with(root));
    !xml || head.contains("<html")
}

/// An element: its name in lower case, where it lies, and what is in it.
struct Node {
    name: String,
    start: usize,
    end: usize,
    inner: Vec<Self>,
}

fn tree(body: &str, html: bool) -> Vec<Node> {
    let mut open = vec![Node { name: String::new(), start: 0, end: body.len(), inner: Vec::new() }];
    let mut at = 0;
    while let Some(next) = body[at..].find('<').map(|found| at + found) {
        let rest = &body[next..];
        let to = |end: &str| rest.find(end).map_or(body.len(), |found| next + found + end.len());
        at = match () {
            () if rest.starts_with("<!--") => to("-->"),
            () if rest.starts_with("<![CDATA[") => to("]]>"),
            () if rest.starts_with("<!") || rest.starts_with("<?") => to(">"),
            () if rest.starts_with("</") => {
                let end = to(">");
                close(&mut open, &name(&rest[2..]), next, end);
                end
            }
            () => begin(&mut open, body, next, html),
        };
    }
    close(&mut open, "", body.len(), body.len());
    open.pop().map(|root| root.inner).unwrap_or_default()
}

/// Opens the element at `start`, if it is one, and says where to read on.
fn begin(open: &mut Vec<Node>, body: &str, start: usize, html: bool) -> usize {
    let name = name(&body[start + 1..]);
    if name.is_empty() {
        return start + 1;
    }
    let end = tag_end(body, start);
    if html && is_implied_end(open, &name) {
        close(open, &name, start, start);
    }
    let node = Node { name, start, end, inner: Vec::new() };
    if html && RAW.contains(&node.name.as_str()) {
        let close = format!("</{}", node.name);
        let found = body[end..].to_ascii_lowercase().find(&close).map_or(body.len(), |found| end + found);
        let end = body[found..].find('>').map_or(body.len(), |last| found + last + 1);
        place(open, Node { end, ..node });
        return end;
    }
    if html && VOID.contains(&node.name.as_str()) || body[start..end].ends_with("/>") {
        place(open, node);
    } else if open.len() < DEPTH {
        open.push(node);
    }
    end
}

/// Whether an element of this name ends one of its kind that is open, with what
/// may be left open in that.
fn is_implied_end(open: &[Node], name: &str) -> bool {
    let crossed: &[&str] = match name {
        "tr" => &["p", "td", "th"],
        "p" | "option" => &[],
        _ => &["p"],
    };
    let outer = open.iter().rev().find(|node| !crossed.contains(&node.name.as_str()));
    IMPLIED.contains(&name) && outer.is_some_and(|outer| outer.name == name)
}

/// Ends the innermost open element of this name, with all that is open in it;
/// an empty name ends all but the root.
fn close(open: &mut Vec<Node>, name: &str, inner_end: usize, end: usize) {
    let from =
        if name.is_empty() { Some(1) } else { open.iter().rposition(|node| node.name == name).filter(|at| *at > 0) };
    let Some(from) = from else { return };
    while open.len() > from {
        let end = if open.len() == from + 1 { end } else { inner_end };
        let Some(node) = open.pop() else { return };
        place(open, Node { end, ..node });
    }
}

fn place(open: &mut [Node], node: Node) {
    if let Some(last) = open.last_mut() {
        last.inner.push(node);
    }
}

fn name(text: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_');
    let end = text.find(|c: char| !inner(c)).unwrap_or(text.len());
    text[..end].to_ascii_lowercase()
}

/// After the `>` that ends the tag, not one inside quotes.
fn tag_end(body: &str, start: usize) -> usize {
    let mut quote = None;
    for (at, c) in body[start..].char_indices() {
        match (quote, c) {
            (None, '>') => return start + at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    body.len()
}

/// Writes a piece of markup with its elements turned around.
fn markup(body: &str, nodes: &[Node], range: std::ops::Range<usize>, out: &mut String) {
    let mut at = range.start;
    for (nth, node) in nodes.iter().enumerate() {
        out.push_str(&body[at..node.start]);
        let instead = counterpart(nodes, nth);
        markup(body, &instead.inner, instead.start..instead.end, out);
        at = node.end;
    }
    out.push_str(&body[at..range.end]);
}

/// Which sibling takes the place of the nth: of k that share its name, the first
/// takes the last one's.
fn counterpart(nodes: &[Node], nth: usize) -> &Node {
    let node = &nodes[nth];
    if STAY.contains(&node.name.as_str()) {
        return node;
    }
    let before = nodes[..nth].iter().filter(|other| other.name == node.name).count();
    nodes.iter().rev().filter(|other| other.name == node.name).nth(before).unwrap_or(node)
}

/// Writes the JSON value at `at`, arrays of objects turned around, and says
/// where it ends; `None` if it is no JSON.
fn json(body: &str, at: usize, depth: usize, out: &mut String) -> Option<usize> {
    let bytes = body.as_bytes();
    match bytes.get(at)? {
        b'{' | b'[' if depth < DEPTH => {
            let (array, close) = (bytes[at] == b'[', if bytes[at] == b'[' { b']' } else { b'}' });
            let (mut parts, mut gaps) = (Vec::new(), Vec::new());
            let (mut at, mut gap) = (at + 1, at);
            loop {
                match bytes.get(at)? {
                    b if *b == close => break,
                    b'{' | b'[' | b'"' => {
                        gaps.push(&body[gap..at]);
                        let objects = bytes[at] == b'{';
                        let mut part = String::new();
                        at = json(body, at, depth + 1, &mut part)?;
                        gap = at;
                        parts.push((objects, part));
                    }
                    _ => at += 1,
                }
            }
            if array && parts.iter().all(|(object, _)| *object) {
                parts.reverse();
            }
            for (gap, (_, part)) in gaps.into_iter().zip(parts) {
                out.push_str(gap);
                out.push_str(&part);
            }
            out.push_str(&body[gap..=at]);
            Some(at + 1)
        }
        b'"' => {
            let mut end = at + 1;
            loop {
                match bytes.get(end)? {
                    b'"' => break,
                    b'\\' => end += 2,
                    _ => end += 1,
                }
            }
            out.push_str(&body[at..=end]);
            Some(end + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn items_change_places_whole() {
        let page = "<?xml version=\"1.0\"?><rss><channel><title>t</title>\n<item><a>1</a><!-- <item> --></item>\n<item x=\">\"><![CDATA[</item>]]>2</item></channel></rss>";
        insta::assert_snapshot!(turned(page).unwrap(), @r#"
        <?xml version="1.0"?><rss><channel><title>t</title>
        <item x=">"><![CDATA[</item>]]>2</item>
        <item><a>1</a><!-- <item> --></item></channel></rss>
        "#);
    }

    #[test]
    fn html_as_people_write_it() {
        let page = "<body><ul><li>1<p>a<p>b<li>2<br><li>3</ul><script>if (a<b) '</li>'</script><tr><td>x<td>y</tr>";
        insta::assert_snapshot!(
            turned(page).unwrap(),
            @"<body><ul><li>3<li>2<br><li>1<p>b<p>a</ul><script>if (a<b) '</li>'</script><tr><td>x<td>y</tr>"
        );
    }

    #[test]
    fn objects_of_arrays_change_places() {
        let page =
            r#" {"a": [{"id": 1, "x": [1, 2]}, {"id": 12345678901234567890, "t": "]\"}"}], "b": ["x", {"y": []}]}"#;
        insta::assert_snapshot!(
            turned(page).unwrap(),
            @r#" {"a": [{"id": 12345678901234567890, "t": "]\"}"}, {"id": 1, "x": [1, 2]}], "b": ["x", {"y": []}]}"#
        );
        assert_eq!(turned("{\"a\": [1, 2]}"), None);
        assert_eq!(turned("plain"), None);
    }

    proptest! {
        #[test]
        fn whatever_the_page_is_nothing_is_lost(page in "(<|>|/|li|tr|p|\"|'|!--|--|\\[|\\]|\\{|\\}|,|\\\\|文| ){0,60}") {
            for page in [format!("<{page}"), format!("[{page}")] {
                if let Some(turned) = turned(&page) {
                    let sorted = |text: &str| {
                        let mut chars: Vec<char> = text.chars().collect();
                        chars.sort_unstable();
                        chars
                    };
                    prop_assert_eq!(sorted(&turned), sorted(&page));
                }
            }
        }
    }
}
