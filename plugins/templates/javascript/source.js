/**
 * Reads the newest topics of a board.
 *
 * What is here reads the page of `fixtures/latest`. Put a page of your site in
 * its place, change `topic`, and let `caifeng plugin check` say what is missing.
 */
import { attribute, blocked, checkStatus, get, join, page, text, unexpected, unsupported, utterance, when } from '../sdk/javascript/caifeng.js';

/** The first requests of a crawl. */
export function start(crawl) {
  if (crawl.target.tag !== 'listing') throw unsupported('only the address of a board can be watched');
  return [get('list', crawl.target.val)];
}

/** Reads one answer of the site. */
export function parse(crawl, request, response) {
  checkStatus(response);
  const posts = [];
  const skipped = [];
  // Only what is closed is read: what was cut off is no post.
  const [, list = ''] = response.body.split('<ul class="topics">');
  for (const row of list.split('<li>').slice(1)) {
    const [inner, end] = row.split('</li>');
    const post = end === undefined ? null : topic(crawl, response, inner);
    if (post) posts.push(post);
    else skipped.push(`topic without link, author or time: ${text(inner)}`);
  }
  // A page without topics is a quiet board only if the board says so.
  if (posts.length + skipped.length === 0 && !response.body.includes('还没有主题')) {
    if (response.body.includes('请先登录')) throw blocked('the board asks for a login');
    throw unexpected('no list of topics');
  }
  return page({ posts, skipped });
}

/** One topic of the list, or null. */
function topic(crawl, response, row) {
  const [, tag, title] = /<a( [^>]*)>(.*?)<\/a>/s.exec(row) ?? [];
  const [, by, name] = /<span( [^>]*)>(.*?)<\/span>/s.exec(row) ?? [];
  const [, time] = /<time>(.*?)<\/time>/s.exec(row) ?? [];
  if (tag === undefined || by === undefined || time === undefined) return null;
  const href = attribute(tag, 'href');
  const [, id] = /^\/topic\/(\d+)$/.exec(href ?? '') ?? [];
  const uid = attribute(by, 'data-uid');
  const date = when(text(time), response.fetched, crawl.utcOffset);
  if (!id || !uid || !date) return null;
  return utterance('post', id, join(response.url, href), { title: text(title), author: { id: uid, name: text(name) }, ...date });
}
