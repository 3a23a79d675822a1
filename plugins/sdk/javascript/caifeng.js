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

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Reads a date: `2026-03-09 07:42`, `2026年3月9日`, `2026-03-09T07:42:00Z`,
 * `刚刚`, `5分钟前`, `昨天 12:01`. `now` is what relative ones count from
 * (`response.fetched`), `utcOffset` holds where no zone is named. Gives
 * `{ published, dayOnly }`, to be spread into a post, or null.
 */
export function when(text, now, utcOffset) {
  const said = text.trim();
  if (/^(?:刚刚|刚才|just now)$/i.test(said)) return { published: now, dayOnly: false };
  const ago = /^(\d{1,6})\s*(秒钟?|分钟?|小时|天)前$/.exec(said);
  if (ago) {
    const unit = { 秒: 1, 秒钟: 1, 分: MINUTE, 分钟: MINUTE, 小时: HOUR, 天: DAY }[ago[2]];
    return { published: now - Number(ago[1]) * unit, dayOnly: false };
  }
  const day = /^(今天|昨天|前天)(?:\s*(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(said);
  if (day) {
    const midnight = Math.floor((now + utcOffset) / DAY) * DAY - { 今天: 0, 昨天: DAY, 前天: 2 * DAY }[day[1]] - utcOffset;
    const [hour, minute, second] = [day[2], day[3], day[4]].map((part) => Number(part ?? 0));
    if (hour > 23 || minute > 59 || second > 59) return null;
    return { published: midnight + hour * HOUR + minute * MINUTE + second, dayOnly: day[2] === undefined };
  }
  return absolute(said, utcOffset);
}

function absolute(said, utcOffset) {
  const found =
    /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/.exec(said);
  if (!found) return null;
  const [year, month, date, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const midnight = Date.UTC(year, month - 1, date) / 1000;
  const real = new Date(midnight * 1000);
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== date || hour > 23 || minute > 59 || second > 59) return null;
  let offset = utcOffset;
  if (found[7] === 'Z') offset = 0;
  else if (found[7]) {
    const [, sign, hours, minutes] = /([+-])(\d{2}):?(\d{2})/.exec(found[7]);
    offset = (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE);
  }
  return { published: midnight + hour * HOUR + minute * MINUTE + second - offset, dayOnly: found[4] === undefined };
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
};

function refuse(what) {
  return () => {
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
