/**
 * Labels posts by what a service answers.
 *
 * What is here asks a service that takes `{"text": …}` and answers
 * `{"labels": [{"name", "score", "quote"}]}`. Change `ask` and `labels` to the
 * service that you know, put its answers into the fixtures, and let
 * `caifeng plugin check` say what is missing.
 */
import { checkStatus, json, post as request, setting, unexpected, unsupported } from '../sdk/javascript/caifeng.js';

/** The labels of the manifest. */
const LABELS = ['suggestion'];

/** What to ask about these posts: at most one request a post, to the operator's endpoint. */
export function ask(settings, posts) {
  const endpoint = setting(settings, 'endpoint') ?? '';
  if (!/^https?:\/\//.test(endpoint)) throw unsupported(`endpoint: write the whole address of the service: ${endpoint}`);
  const requests = [];
  posts.forEach((post, nth) => {
    if (said(post) === '') return;
    // What the answer is about stands in the context: taken from there, and never from the answer.
    requests.push(request('label', endpoint, 'application/json', JSON.stringify({ text: said(post) }), String(nth)));
  });
  return requests;
}

/** Reads what the service answered: one list of labels for each post, in the order given. */
export function read(settings, posts, request, response) {
  checkStatus(response);
  // An answer that comes without a context is about the first.
  const about = Number(request.context || '0');
  const answer = json(response);
  if (!Array.isArray(answer?.labels)) throw unexpected('no list of labels in the answer');
  return posts.map((post, nth) => (nth === about ? labels(answer.labels, post) : []));
}

/** What a post says. */
const said = (post) => `${post.title ?? ''}\n${post.text}`.trim();

/** The labels that are declared and that quote the post: a service may have been told by the post what to answer. */
function labels(given, post) {
  const found = [];
  for (const value of given) {
    const name = value?.name;
    const quote = String(value?.quote ?? '').trim();
    const stands = quote !== '' && (post.text.includes(quote) || (post.title ?? '').includes(quote));
    if (!LABELS.includes(name) || !stands || !(value.score > 0 && value.score <= 1)) continue;
    if (!found.some((label) => label.name === name)) found.push({ name, score: value.score, evidence: [quote] });
  }
  return found;
}
