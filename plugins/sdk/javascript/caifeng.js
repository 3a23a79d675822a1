/**
 * The SDK of Caifeng plugins in JavaScript: what `src/plugin.js` imports.
 *
 * A plugin is a pure function of its arguments: it has no network, no files, no
 * clock, no randomness and no memory of earlier calls. It describes requests,
 * the host sends them; it is told the time in `crawl.now` and
 * `response.fetched`, in seconds since 1970.
 *
 * Throw `unsupported`, `gone`, `blocked` or `unexpected` to say no; whatever
 * else is thrown is `unexpected`, with the line that threw it.
 */

export { when } from './dates.js';

/** Why there is no answer; each case is one reaction of the host. */
export class Failure extends Error {
  constructor(tag, why) {
    super(why);
    this.name = 'Failure';
    this.tag = tag;
  }
}

/** Such a target or such a setting cannot be watched: the host refuses it and shows why. */
export const unsupported = (why) => new Failure('unsupported', why);
/** It no longer exists: the host shows a gap and looks again once a day. */
export const gone = () => new Failure('gone', 'gone');
/** A login, a captcha or a refusal stands in place of the page: the host backs off. */
export const blocked = (why) => new Failure('blocked', why);
/** The page is not built as you expect: the host keeps it and reports drift. */
export const unexpected = (why) => new Failure('unexpected', why);

/** A `GET` whose answer the step of that name reads. */
export function get(step, url, context = '') {
  return { step, url, method: { tag: 'get' }, headers: [], context };
}

/** A `POST` of a text body. */
export function post(step, url, mediaType, body, context = '') {
  return { step, url, method: { tag: 'post', val: body }, headers: [['content-type', mediaType]], context };
}

/**
 * A post with its identity and what you know of it: `kind` is `article`,
 * `post`, `comment` or `repost`; `id` is the site's own identifier.
 */
export function utterance(kind, id, url, more = {}) {
  const { reactions, ...rest } = more;
  return {
    id, kind, url,
    parent: null, author: null, publisher: null, title: null, text: '', language: null,
    published: null, dayOnly: false, edited: null, media: [], extra: [],
    // Not said is not zero.
    reactions: { views: null, likes: null, replies: null, shares: null, ...reactions },
    ...rest,
  };
}

/** What a page came to. `skipped` has a line for each element that could not be read. */
export function page({ posts = [], follow = [], expected = null, skipped = [] } = {}) {
  return { posts, follow, expected, skipped };
}

/** Throws what the status alone already says. */
export function checkStatus(response) {
  const { status } = response;
  if (status === 404 || status === 410) throw gone();
  if ([401, 403, 407, 451].includes(status)) throw blocked(`the site answered with status: ${status}`);
  if (status >= 400 && status < 500) throw unexpected(`the site answered with status: ${status}`);
}

/** What the operator has set under that name, if anything. */
export function setting(settings, name) {
  const found = settings.find(([key]) => key === name);
  return found ? found[1] : null;
}

/** Brackets that open and do not close: the parser would run out of its stack, which nobody can catch. */
const DEEP = /(?:[[{][^[\]{}]*){256}/;

/** The JSON of an answer; what is none is `unexpected`. */
export function json(response) {
  if (DEEP.test(response.body)) throw unexpected('no JSON: nested too deeply');
  try {
    return JSON.parse(response.body);
  } catch (error) {
    throw unexpected(`no JSON: ${error.message}`);
  }
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', middot: '·', hellip: '…', ldquo: '“', rdquo: '”', mdash: '—' };

/** Resolves character references. */
export function decode(text) {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g, (whole, decimal, hex, name) => {
    if (name) return NAMED[name] ?? whole;
    const code = decimal ? parseInt(decimal, 10) : parseInt(hex, 16);
    const scalar = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return scalar ? String.fromCodePoint(code) : '\ufffd';
  });
}

/** The plain text of a piece of HTML: no tags, entities resolved, line breaks kept. */
export function text(fragment) {
  const bare = fragment
    .replace(/<!--.*?-->|<(script|style)\b.*?<\/\1\s*>/gis, '')
    .replace(/<(?:br|\/p|\/div|\/li|\/tr|\/h[1-6])\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, '');
  return decode(bare).replace(/[^\S\n]+/g, ' ').replace(/ *\n\s*/g, '\n').trim();
}

/** The value of an attribute of a start tag, or null. */
export function attribute(tag, name) {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag);
  return found ? decode(found[1] ?? found[2]) : null;
}

/** An absolute address, from that of the page and what a link says. */
export function join(base, reference) {
  const link = reference.trim();
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return link;
  const [, scheme, host, path] = /^([a-z][a-z0-9+.-]*:)\/\/([^/?#]*)([^?#]*)/i.exec(base) ?? [null, 'https:', '', ''];
  if (link.startsWith('//')) return scheme + link;
  const root = `${scheme}//${host}`;
  if (link.startsWith('/')) return root + straight(link);
  if (link === '' || link.startsWith('#')) return base.replace(/#.*/s, '') + link;
  if (link.startsWith('?')) return root + (path || '/') + link;
  return root + straight((path.replace(/[^/]*$/, '') || '/') + link);
}

/** A path without `.` and `..`. */
function straight(path) {
  const [, way, rest] = /^([^?#]*)(.*)$/s.exec(path);
  const parts = [];
  const names = way.split('/');
  names.forEach((name, nth) => {
    const last = nth === names.length - 1;
    if (name === '..') {
      if (parts.length > 1) parts.pop();
      if (last) parts.push('');
    } else if (name === '.') {
      if (last) parts.push('');
    } else {
      parts.push(name);
    }
  });
  return parts.join('/') + rest;
}

/** The scheme and the host of an absolute address, with its port: what a path is put behind. Null where there is none. */
export function origin(url) {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.exec(url)?.[0] ?? null;
}

/** A text as the value of a query parameter, percent-encoded. */
export function encode(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The decoded value of the first query parameter of that name, or null. */
export function parameter(url, name) {
  const query = /^[^?#]*\?([^#]*)/.exec(url);
  const pairs = query ? query[1].split('&').map((pair) => /^([^=]*)=?(.*)$/s.exec(pair)) : [];
  const found = pairs.find(([, key]) => key === name);
  if (!found) return null;
  return found[2].replace(/\+/g, ' ').replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return '\ufffd';
    }
  });
}

const MULTIPLES = { 百: 100, 千: 1e3, k: 1e3, 万: 1e4, 萬: 1e4, w: 1e4, 万亿: 1e12, m: 1e6, 亿: 1e8, 億: 1e8 };

/** A number as pages write it: `1.2万`, `10万+`, `3,456`, `2.3k`, `阅读 87`. Null where there is none. */
export function count(text) {
  const found = /(\d+(?:[,，]\d+)*)(?:\.(\d+))?\s*(万亿|[百千kK万萬wWmM亿億])?/.exec(text);
  if (!found) return null;
  const places = found[2] ?? '';
  // In whole numbers: 1.005 × 1000 would be 1004.9999999999999.
  const digits = Number(found[1].replace(/[,，]/g, '') + places);
  return Math.floor((digits * (MULTIPLES[(found[3] ?? '').toLowerCase()] ?? 1)) / 10 ** places.length);
}

const MARKS = /[，。！？；：、…“”【】,!?;\n\r]/;

/** The clause around a piece of a text: what is shown as the evidence of a label. At most `reach` characters a side. */
export function clause(text, start, end, reach = 20) {
  let from = start;
  while (from > 0 && start - from < reach && !MARKS.test(text[from - 1])) from -= 1;
  let to = end;
  while (to < text.length && to - end < reach && !MARKS.test(text[to])) to += 1;
  // Never half of a character.
  if (/[\udc00-\udfff]/.test(text[from] ?? '')) from += 1;
  if (/[\udc00-\udfff]/.test(text[to] ?? '')) to -= 1;
  return text.slice(from, to).trim();
}

// What a plugin has not, said in words instead of a trap.

const NONE = {
  clock: 'a plugin has no clock: use crawl.now, or response.fetched',
  chance: 'a plugin has no randomness: the same page must give the same answer',
  network: 'a plugin has no network: return a request, and the host decides whether to send it',
  waiting: 'a plugin cannot wait: the host keeps the pace',
  address: 'a plugin has no URL, which is of the browser: use join, origin, parameter and encode of the SDK',
};

function refuse(what) {
  // A function that can be called with `new`, too.
  return function refused() {
    throw unexpected(NONE[what]);
  };
}

const Calendar = Date;
globalThis.Date = new Proxy(Calendar, {
  apply: refuse('clock'),
  construct(of, given, target) {
    if (given.length === 0) throw unexpected(NONE.clock);
    return Reflect.construct(of, given, target === globalThis.Date ? of : target);
  },
  get(of, name) {
    return name === 'now' ? refuse('clock') : Reflect.get(of, name);
  },
});
Calendar.prototype.constructor = globalThis.Date;
Math.random = refuse('chance');
for (const [name, value] of [
  ['performance', { now: refuse('clock') }],
  ['crypto', { getRandomValues: refuse('chance'), randomUUID: refuse('chance') }],
]) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
for (const name of ['fetch', 'XMLHttpRequest', 'WebSocket']) globalThis[name] = refuse('network');
for (const name of ['URL', 'URLSearchParams']) globalThis[name] = refuse('address');
for (const name of ['setTimeout', 'setInterval', 'setImmediate']) globalThis[name] = refuse('waiting');

/** What the glue exports: each function, with all that it throws made a failure of the contract. */
export function exported(plugin, names) {
  const missing = names.filter((name) => typeof plugin[name] !== 'function');
  if (missing.length > 0) throw new Error(`src/plugin.js must export: ${missing.join(', ')}`);
  const safely = (name) => (...given) => {
    let answer;
    try {
      answer = plugin[name](...given);
    } catch (error) {
      throw lowered(error);
    }
    if (answer instanceof Promise) throw lowered(unexpected(`${name} must not be async: there is nothing to wait for`));
    if (answer === undefined || answer === null) throw lowered(unexpected(`${name} returned nothing`));
    return answer;
  };
  return Object.fromEntries(names.map((name) => [name, safely(name)]));
}

function lowered(error) {
  if (error instanceof Failure) return error.tag === 'gone' ? { tag: 'gone' } : { tag: error.tag, val: told(error, error.message) };
  if (error instanceof Error) return { tag: 'unexpected', val: told(error, `${error.name}: ${error.message}`) };
  return { tag: 'unexpected', val: `threw what is no Error: ${String(error)}` };
}

/** A message, and the author's line where it is the plugin that is wrong and not the page. */
function told(error, message) {
  const mistaken = !(error instanceof Failure) || Object.values(NONE).includes(error.message);
  const at = /\(?([^\s(]*plugin[^\s(]*\.m?js:\d+)/.exec((error.stack ?? '').replace(/^.*caifeng\.js.*$/gm, ''));
  return mistaken && at ? `${message} (${at[1].replace(/^\//, '')})` : message;
}
