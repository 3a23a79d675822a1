/**
 * The newest topics of a node of V2EX, by its public API.
 *
 * The answer is a list of topics, each with its author, text and number of
 * replies; an empty list is a node without topics. What is not such a list is
 * `unexpected`, and a topic without number, address or time is skipped.
 */
import { checkStatus, get, json, page, text, unexpected, unsupported, utterance } from '../sdk/javascript/caifeng.js';

const NODE = /^https:\/\/www\.v2ex\.com\/go\/([A-Za-z0-9_-]+)$/;

/** One request: the API gives the newest twenty. */
export function start(crawl) {
  const [, node] = NODE.exec(crawl.target.val ?? '') ?? [];
  if (!node) throw unsupported('only a node can be watched: https://www.v2ex.com/go/NAME');
  return [get('topics', `https://www.v2ex.com/api/topics/show.json?node_name=${node}`)];
}

export function parse(crawl, request, response) {
  checkStatus(response);
  const topics = json(response);
  if (!Array.isArray(topics)) throw unexpected(topics?.message ?? 'no list of topics');
  const posts = [];
  const skipped = [];
  topics.forEach((topic) => {
    const read = post(topic);
    if (read) posts.push(read);
    else skipped.push(`topic without number, address or time: ${String(topic?.title).slice(0, 80)}`);
  });
  return page({ posts, skipped });
}

/** One topic, or null. */
function post(topic) {
  const { id, url, title, created, content, content_rendered: rendered, replies, member, last_modified: modified } = topic ?? {};
  if (!Number.isSafeInteger(id) || !Number.isSafeInteger(created) || !String(url).startsWith('https://www.v2ex.com/t/')) return null;
  return utterance('post', String(id), url, {
    title: typeof title === 'string' ? title : null,
    text: typeof rendered === 'string' ? text(rendered) : String(content ?? ''),
    author: member?.id ? { id: String(member.id), name: String(member.username ?? '') } : null,
    published: created,
    edited: Number.isSafeInteger(modified) && modified > created ? modified : null,
    reactions: { replies: Number.isSafeInteger(replies) && replies >= 0 ? replies : null },
  });
}
